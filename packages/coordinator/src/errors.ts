/** What an operation can fail with at once: it was never accepted, and no event will follow. */

/**
 * - `not-started`, `closed`: the node is not running.
 * - `over-limit`: as many operations run or wait as the configuration allows, or a subscriber has left too many ends unread.
 * - `duplicate`: an operation with this id has not ended yet.
 * - `isolated`: nobody has been met, and the node is configured to refuse rather than wait.
 */
export type RefusalCode = 'not-started' | 'closed' | 'over-limit' | 'duplicate' | 'isolated';

const SENTENCES: Record<RefusalCode, string> = {
  'not-started': 'the node has not been started: await start() first',
  closed: 'the node is closed',
  'over-limit': 'too many operations at once',
  duplicate: 'an operation with this id is still running',
  isolated: 'the node knows nobody yet',
};

/** The operation was refused; `code` says why. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail?: string) {
    super(detail === undefined ? SENTENCES[code] : `${SENTENCES[code]}: ${detail}`);
    this.code = code;
  }
}

/** Why a transport could not be opened. */
export type TransportErrorCode =
  | 'address-in-use'
  | 'address-not-available'
  | 'permission'
  | 'bad-host'
  | 'bad-port'
  | 'already-open'
  | 'closed'
  | 'failed';

/** The transport could not be opened. The message is one line that names the address. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
