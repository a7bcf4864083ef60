/** What is wrong with an argument of a query: the error its sender is owed. Told apart from good values by its type. */
export class Fault {
  readonly text: string;
  readonly code: number;

  /** Without a code: 203, protocol error. */
  constructor(text: string, code = 203) {
    this.text = text;
    this.code = code;
  }
}

export function missing(key: string): string {
  return `missing '${key}' key`;
}
