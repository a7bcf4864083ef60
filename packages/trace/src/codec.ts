/**
 * The contacts of a trace, interned. A node hears of the same few thousand nodes again and again; each is written out
 * when it is first met and is a number afterwards. Any JSON goes in and comes out the same.
 *
 * In a line, a string that starts with one of `= @ # : ~` is not itself:
 * - `=ID ENDPOINT` a contact `{id, endpoint}`, which takes the next number; a part met before may be its `#N` or `:N`
 * - `#=ID`, `:=ENDPOINT` an id or an endpoint alone, which takes the next number
 * - `@N` contact N · `#N` the id of N · `:N` the endpoint of N
 * - `~TEXT` the string TEXT, which starts with one of those characters
 *
 * The book is bounded on both sides: after `SIZE` numbers they are given out anew. The codec refuses to: read text that
 * nests deeper than `DEPTH`, or names a number nobody has.
 */
import { TraceError } from './errors.ts';
import { quoted, quotedKey } from './json.ts';

const SIZE = 16_384;
const DEPTH = 200;

const ID = /^(?:[0-9a-f]{2}){8,64}$/;
const ENDPOINT = /^[\w[][\w.:[\]%-]{0,62}:\d{1,5}$/;

interface Entry {
  readonly id?: string;
  readonly endpoint?: string;
}

/** Whether this begins what stands for something else: one of `= @ # : ~`. */
function isSigil(code: number): boolean {
  return code === 0x3d || code === 0x40 || code === 0x23 || code === 0x3a || code === 0x7e;
}

/** Writes values as JSON text. What it has written is known to it from then on. */
export class Encoder {
  readonly #entries: (Entry | undefined)[] = new Array(SIZE);
  /** By id: the contact written last with it. */
  readonly #contacts = new Map<string, number>();
  readonly #ids = new Map<string, number>();
  readonly #endpoints = new Map<string, number>();
  #next = 0;

  /** The text of a value. */
  encode(value: unknown): string {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
    let text = '';
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) text += i === 0 ? this.encode(value[i]) : `,${this.encode(value[i])}`;
      return `[${text}]`;
    }
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record);
    if (keys.length === 2) {
      const contact = this.#contact(record);
      if (contact !== undefined) return contact;
    }
    for (const key of keys) {
      const item = record[key];
      if (item === undefined) continue;
      text += text === '' ? quotedKey(key) + this.encode(item) : `,${quotedKey(key)}${this.encode(item)}`;
    }
    return `{${text}}`;
  }

  #contact(record: Record<string, unknown>): string | undefined {
    const { id, endpoint } = record;
    if (typeof id !== 'string' || typeof endpoint !== 'string') return;
    const known = this.#contacts.get(id);
    if (known !== undefined && this.#entries[known]?.endpoint === endpoint) return `"@${known}"`;
    if (!ID.test(id) || !ENDPOINT.test(endpoint)) return;
    const [idAt, endpointAt] = [this.#ids.get(id), this.#endpoints.get(endpoint)];
    const text = `"=${idAt === undefined ? id : `#${idAt}`} ${endpointAt === undefined ? endpoint : `:${endpointAt}`}"`;
    this.#contacts.set(id, this.#enter({ id, endpoint }));
    return text;
  }

  #string(text: string): string {
    if (isSigil(text.charCodeAt(0))) return quoted(`~${text}`);
    const length = text.length;
    // The patterns are only for what may well be an id or an endpoint, and was never met: most strings are short words.
    if (length >= 16) {
      const known = this.#ids.get(text);
      if (known !== undefined) return `"#${known}"`;
      if (ID.test(text)) {
        this.#enter({ id: text });
        return `"#=${text}"`;
      }
    }
    if (length >= 3 && length <= 70 && text.lastIndexOf(':') >= length - 6) {
      const known = this.#endpoints.get(text);
      if (known !== undefined) return `":${known}"`;
      if (ENDPOINT.test(text)) {
        this.#enter({ endpoint: text });
        return `":=${text}"`;
      }
    }
    return quoted(text);
  }

  #enter(entry: Entry): number {
    const number = this.#next;
    this.#next = (number + 1) % SIZE;
    this.#forget(number, this.#entries[number]);
    this.#entries[number] = entry;
    if (entry.id !== undefined) this.#ids.set(entry.id, number);
    if (entry.endpoint !== undefined) this.#endpoints.set(entry.endpoint, number);
    return number;
  }

  #forget(number: number, old: Entry | undefined): void {
    if (old === undefined) return;
    const { id, endpoint } = old;
    if (id !== undefined && this.#ids.get(id) === number) this.#ids.delete(id);
    if (endpoint !== undefined && this.#endpoints.get(endpoint) === number) this.#endpoints.delete(endpoint);
    if (id !== undefined && this.#contacts.get(id) === number) this.#contacts.delete(id);
  }
}

/** Reads what an `Encoder` wrote, line by line in the same order. Throws `TraceError` for what none would write. */
export class Decoder {
  readonly #entries: (Entry | undefined)[] = new Array(SIZE);
  #next = 0;

  decode(text: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new TraceError('edited', 'it is not JSON');
    }
    return this.#resolve(value, 0);
  }

  /** In place: what JSON.parse has made belongs to nobody else. */
  #resolve(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth > DEPTH) throw new TraceError('limit', `it nests deeper than ${DEPTH}`);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = this.#resolve(value[i], depth + 1);
      return value;
    }
    const record = value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const item = record[key];
      if (typeof item === 'string' || typeof item === 'object') record[key] = this.#resolve(item, depth + 1);
    }
    return value;
  }

  #string(text: string): unknown {
    switch (text.charCodeAt(0)) {
      case 0x40: // @
        return this.#entry(text);
      case 0x23: // #
        if (text.charCodeAt(1) === 0x3d) return this.#enter({ id: text.slice(2) }).id;
        return this.#part(text, this.#entry(text).id);
      case 0x3a: // :
        if (text.charCodeAt(1) === 0x3d) return this.#enter({ endpoint: text.slice(2) }).endpoint;
        return this.#part(text, this.#entry(text).endpoint);
      case 0x3d: // =
        return this.#define(text);
      case 0x7e: // ~
        return text.slice(1);
      default:
        return text;
    }
  }

  #define(text: string): Entry {
    const space = text.indexOf(' ');
    const [id, endpoint] = [text.slice(1, space), text.slice(space + 1)];
    return this.#enter({
      id: id.startsWith('#') ? this.#part(id, this.#entry(id).id) : id,
      endpoint: endpoint.startsWith(':') ? this.#part(endpoint, this.#entry(endpoint).endpoint) : endpoint,
    });
  }

  #enter(entry: Entry): Entry {
    const { id, endpoint } = entry;
    const sound = (id === undefined || ID.test(id)) && (endpoint === undefined || ENDPOINT.test(endpoint));
    if (!sound) throw new TraceError('edited', 'it defines what is no contact');
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % SIZE;
    return entry;
  }

  #entry(text: string): Entry {
    const entry = /^.\d{1,5}$/.test(text) ? this.#entries[Number(text.slice(1))] : undefined;
    if (entry === undefined) throw new TraceError('edited', `it names '${text.slice(0, 20)}', which is not defined`);
    if (text.startsWith('@') && (entry.id === undefined || entry.endpoint === undefined)) {
      throw new TraceError('edited', `'${text.slice(0, 20)}' is no contact`);
    }
    return entry;
  }

  #part(text: string, part: string | undefined): string {
    if (part === undefined) throw new TraceError('edited', `'${text.slice(0, 20)}' has no such part`);
    return part;
  }
}
