/** Bencode as hex digits, the form in which packets are put together. */

/** Lengths up to this are looked up. */
const USUAL = 1_024;
const LENGTHS: readonly string[] = Array.from({ length: USUAL + 1 }, (_, length) => digitsOf(`${length}:`));

/** The digits of a text, a byte each character. */
export function digitsOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** The digits of the length of a string, and its colon. */
export function lengthOf(bytes: number): string {
  return LENGTHS[bytes] ?? digitsOf(`${bytes}:`);
}

/** The digits of a bencoded string, from the digits of its bytes. */
export function lengthed(hex: string): string {
  return lengthOf(hex.length / 2) + hex;
}

export function integer(value: number): string {
  return digitsOf(`i${value}e`);
}
