/**
 * Plain data as bytes, for a hash: what differs is written differently, and in the order in which the code made it, so that
 * nothing has to be sorted. Keys are numbers once they were met, and so are contacts, of which there are ten in an answer and
 * a hundred in a table: as text they would be most of it, and JSON took a quarter of a simulation.
 *
 * Fields named `config` are left out: the scenario has fixed them. It refuses to: read back what it wrote.
 */

/** Bytes gathered before they are handed on. */
const PIECE = 65_536;
/** Characters written at once; each takes three bytes at most. */
const CHUNK = 4_096;
/** Contacts that have numbers at once; beyond that all are given out anew, so that a long run does not fill the memory. */
const MOST_CONTACTS = 2_097_152;

/** What comes next; numbers in one byte lie above. */
const TAG = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  /** 4 bytes. */
  whole: 4,
  /** 8 bytes. */
  float: 5,
  /** Its length, and its characters: those beyond ASCII as `WIDE` and two bytes. */
  text: 6,
  /** Its length, and its items. */
  list: 7,
  /** Keys, each with its value, until `end`. */
  object: 8,
  emptyMap: 9,
  newKey: 10,
  key: 11,
  newContact: 12,
  contact: 13,
  end: 14,
  small: 16,
} as const;
const WIDE = 0xff;

export class PlainBytes {
  readonly #bytes = new Uint8Array(PIECE);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #take: (bytes: Uint8Array) => void;
  readonly #keys = new Map<string, number>();
  /** By id. */
  readonly #contacts = new Map<string, { readonly endpoint: string; readonly number: number }>();
  #met = 0;
  #at = 0;

  /** `take` gets the bytes piece by piece, and may not keep them. */
  constructor(take: (bytes: Uint8Array) => void) {
    this.#take = take;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? TAG.true : TAG.false);
      case 'object':
        if (value === null) return this.#byte(TAG.null);
        return Array.isArray(value) ? this.#list(value) : this.#object(value as Record<string, unknown>);
      default:
        this.#byte(TAG.undefined);
    }
  }

  /** Hands on what is left. */
  flush(): void {
    if (this.#at > 0) this.#take(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
  }

  #list(items: readonly unknown[]): void {
    this.#whole(TAG.list, items.length);
    for (let i = 0; i < items.length; i++) this.write(items[i]);
  }

  #object(value: Record<string, unknown>): void {
    const { id, endpoint } = value;
    const isContact = typeof id === 'string' && typeof endpoint === 'string';
    if (isContact) this.#contact(id, endpoint);
    // Maps, most of which are empty most of the time.
    else if (value.size === 0 && 'slots' in value) return this.#byte(TAG.emptyMap);
    else this.#byte(TAG.object);
    for (const key in value) {
      if (isContact && (key === 'id' || key === 'endpoint')) continue;
      const item = value[key];
      if (item === undefined || key === 'config') continue;
      this.#key(key);
      this.write(item);
    }
    this.#byte(TAG.end);
  }

  #key(key: string): void {
    const number = this.#keys.get(key);
    if (number !== undefined) return this.#whole(TAG.key, number);
    this.#keys.set(key, this.#keys.size);
    this.#byte(TAG.newKey);
    this.#text(key);
  }

  #contact(id: string, endpoint: string): void {
    const known = this.#contacts.get(id);
    if (known?.endpoint === endpoint) return this.#whole(TAG.contact, known.number);
    if (this.#contacts.size === MOST_CONTACTS) this.#contacts.clear();
    this.#contacts.set(id, { endpoint, number: this.#met++ });
    this.#byte(TAG.newContact);
    this.#text(id);
    this.#text(endpoint);
  }

  #text(text: string): void {
    const { length } = text;
    this.#whole(TAG.text, length);
    for (let from = 0; from < length; from += CHUNK) this.#characters(text, from, Math.min(length, from + CHUNK));
  }

  #characters(text: string, from: number, end: number): void {
    this.#room(3 * (end - from));
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = from; i < end; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80) bytes[at++] = code;
      else {
        bytes[at++] = WIDE;
        bytes[at++] = code >>> 8;
        bytes[at++] = code & 0xff;
      }
    }
    this.#at = at;
  }

  #number(value: number): void {
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < 0xff - TAG.small) return this.#byte(TAG.small + value);
      return this.#whole(TAG.whole, value);
    }
    this.#room(9);
    this.#view.setUint8(this.#at, TAG.float);
    this.#view.setFloat64(this.#at + 1, value, true);
    this.#at += 9;
  }

  #whole(tag: number, value: number): void {
    this.#room(5);
    this.#view.setUint8(this.#at, tag);
    this.#view.setUint32(this.#at + 1, value, true);
    this.#at += 5;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #room(bytes: number): void {
    if (this.#at + bytes > PIECE) this.flush();
  }
}
