/** The one way in which a trace is refused: a reason from a closed set, and one clear line. */

/**
 * - `not-a-trace`: the file is something else.
 * - `version`: written by a version of the format that this code does not read.
 * - `profile`: of another protocol, or another version of it, than the machine at hand.
 * - `edited`: a line is malformed, or the lines do not add up to their checksum.
 * - `truncated`: cut off before there was anything to run. (A cut further on is no error: see `truncated` of a trace.)
 * - `limit`: a line, or the whole, is longer than a reader is willing to take.
 */
export type TraceReason = 'not-a-trace' | 'version' | 'profile' | 'edited' | 'truncated' | 'limit';

export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly reason: TraceReason;

  constructor(reason: TraceReason, message: string) {
    super(`trace: ${message}`);
    this.reason = reason;
  }
}
