/** Text from outside, made fit to stand in an error of one line. */

/** At most 80 characters, control and format characters replaced. */
export function shown(text: string): string {
  const clean = text.slice(0, 160).replace(/\p{C}/gu, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}...` : clean;
}
