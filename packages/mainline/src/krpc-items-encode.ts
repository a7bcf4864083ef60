/** Writes what BEP 33 and BEP 44 add to packets, as digits: keys and values, in the order of the keys. */
import { digitsOf, integer, lengthed } from './krpc-digits.ts';
import type { Filters, OutReply, OutRequest } from './messages.ts';

const CAS = digitsOf('3:cas');
const KEY = digitsOf('1:k');
const SALT = digitsOf('4:salt');
const SEQ = digitsOf('3:seq');
const SIGNATURE = digitsOf('3:sig');
const TARGET = digitsOf('6:target20:');
const TOKEN = digitsOf('5:token');
const VALUE = digitsOf('1:v');
const PEERS_FILTER = digitsOf('4:BFpe');
const SEEDS_FILTER = digitsOf('4:BFsd');

/** What stands before the sender's id among the arguments of a put. */
export function casOf({ cas }: Extract<OutRequest, { method: 'put' }>): string {
  return cas === undefined ? '' : CAS + integer(cas);
}

/** What follows the sender's id. */
export function putOf({ item, token }: Extract<OutRequest, { method: 'put' }>): string {
  const rest = TOKEN + lengthed(token) + VALUE + item.value;
  if (item.type === 'immutable') return rest;
  const { publicKey, salt, seq, signature } = item;
  const salted = salt === '' ? '' : SALT + lengthed(salt);
  return KEY + lengthed(publicKey) + salted + SEQ + integer(seq) + SIGNATURE + lengthed(signature) + rest;
}

export function getOf({ target, seq }: Extract<OutRequest, { method: 'get' }>): string {
  return (seq === undefined ? '' : SEQ + integer(seq)) + TARGET + target;
}

/** What stands before the sender's id in the reply to a scrape. */
export function filtersOf(filters: Filters | undefined): string {
  if (filters === undefined) return '';
  return PEERS_FILTER + lengthed(filters.peers) + SEEDS_FILTER + lengthed(filters.seeds);
}

/** What stands between the sender's id and the nodes in the reply to a get. */
export function keyOf({ publicKey }: OutReply): string {
  return publicKey === undefined ? '' : KEY + lengthed(publicKey);
}

/** What stands between the nodes and the token. */
export function proofOf({ seq, signature }: OutReply): string {
  if (seq === undefined) return '';
  return SEQ + integer(seq) + (signature === undefined ? '' : SIGNATURE + lengthed(signature));
}

/** What follows the token. */
export function valuePart({ value }: OutReply): string {
  return value === undefined ? '' : VALUE + value;
}
