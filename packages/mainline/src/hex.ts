/** Hex digits and the bytes they stand for, in any host. Digits are lowercase and in pairs. */

export function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function hexOf(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** The digits of a text of plain ASCII. */
export function hexOfText(text: string): string {
  let hex = '';
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(2, '0');
  return hex;
}

/** Whether a value is hex digits of so many bytes, or of any number up to `most`. */
export function isHex(value: unknown, least: number, most: number = least): value is string {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/.test(value)) return false;
  return value.length >= 2 * least && value.length <= 2 * most;
}
