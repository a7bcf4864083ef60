/** What a person types, or reads, of an item: a target or a public key, a file with a seed, a value as JSON can hold it. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type Id, idFromHex } from '@xorrery/core';
import type { ItemOwner } from '@xorrery/mainline';
import { InvalidArgumentError } from 'commander';
import { Failure, oneLine } from './failure.ts';

/** 40 hex digits of a target, or 64 of the public key of whoever put it. */
export function itemTarget(text: string): Id | ItemOwner {
  if (/^[0-9a-f]{64}$/i.test(text)) return { publicKey: text.toLowerCase() };
  if (/^[0-9a-f]{40}$/i.test(text)) return idFromHex(text, 160);
  const got = /^[0-9a-f]*$/i.test(text) ? `, got ${text.length}` : '';
  throw new InvalidArgumentError(`want 40 hex digits of a target, or 64 of a public key${got}`);
}

/** The seed in a file: 32 bytes in hex. A file that is not there is made, for its owner's eyes alone. Throws `Failure`. */
export async function readSeed(path: string): Promise<Uint8Array> {
  const problem = (why: string): Failure => new Failure(`--key '${oneLine(path)}': ${why}`);
  const seed = randomBytes(32);
  try {
    await writeFile(path, `${seed.toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
    return seed;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw problem(`cannot make it: ${code === 'ENOENT' ? 'no such directory' : code}`);
  }
  const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    throw problem(error.code === 'EISDIR' ? 'it is a directory' : `cannot read it: ${error.code}`);
  });
  if (!/^[0-9a-f]{64}\s*$/i.test(text)) throw problem('it does not hold 32 bytes as 64 hex digits');
  return Buffer.from(text.trim(), 'hex');
}

/** Bytes as JSON can hold them. */
export function jsonText(value: Uint8Array): { readonly value: string; readonly encoding: 'utf8' | 'base64' } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value), encoding: 'utf8' };
  } catch {
    return { value: Buffer.from(value).toString('base64'), encoding: 'base64' };
  }
}
