// The routing table beside npm's k-bucket, which bittorrent-dht uses: the 20 closest of a table, and what it costs to
// enter a contact or to hear from one again. Buckets of 20 and the same contacts in both; ours is asked in ids of hex
// digits, k-bucket in bytes, as each comes. Before anything is timed both are compared with brute force.
import { closest, compareDistance, emptyTable, insertContact, tableContacts, tableSize } from '@xorrery/core';
import KBucket from 'k-bucket';
import { bytesFrom, digits, inTurns, printTable, ratio } from './support.mjs';

const CONTACTS = 10_000;
const NEAREST = 20;
const TARGETS = 1_000;
/** How often each member is heard from in a round. */
const AGAIN = 50;

const bytes = bytesFrom(0x6a09e667);
const newId = () => {
  const raw = bytes(20);
  return { raw, id: /** @type {import('@xorrery/core').Id} */ (Buffer.from(raw).toString('hex')) };
};

const SELF = newId();
const contacts = Array.from({ length: CONTACTS }, (_, i) => {
  const { raw, id } = newId();
  return { ours: { id, endpoint: `n${i}` }, theirs: { id: raw, hex: id } };
});
const targets = Array.from({ length: TARGETS }, newId);
const config = {
  bucketPolicy: /** @type {const} */ ('split'),
  bucketSizes: [20],
  replacements: 0,
  maxFailures: 2,
  caps: /** @type {const} */ ('off'),
};

const filledOurs = () => {
  let table = emptyTable(SELF.id, config);
  for (let i = 0; i < CONTACTS; i++) [table] = insertContact(table, contacts[i]?.ours ?? SELF_CONTACT, i);
  return table;
};
const SELF_CONTACT = { id: SELF.id, endpoint: 'self' };

const filledTheirs = () => {
  const bucket = new KBucket({ localNodeId: SELF.raw, numberOfNodesPerKBucket: 20 });
  for (const { theirs } of contacts) bucket.add(theirs);
  return bucket;
};

const bruteForce = (known, target) =>
  [...known]
    .sort((a, b) => compareDistance(target, a, b))
    .slice(0, NEAREST)
    .join();

const checkExact = (table, bucket) => {
  const ours = tableContacts(table).map((it) => it.id);
  const theirs = bucket.toArray().map((it) => it.hex);
  for (const { id, raw } of targets) {
    const found = closest(table, id, NEAREST).map((it) => it.id);
    if (found.join() !== bruteForce(ours, id)) throw new Error(`not the closest to ${id}`);
    const other = bucket.closest(raw, NEAREST).map((it) => it.hex);
    if (other.join() !== bruteForce(theirs, id)) throw new Error(`k-bucket: not the closest to ${id}`);
  }
};

/** Prints the table. */
export const run = ({ short }) => {
  const rounds = short ? 2 : 25;
  const table = filledOurs();
  const bucket = filledTheirs();
  checkExact(table, bucket);
  let sink = 0;

  const asked = inTurns(
    [
      () => {
        for (const { id } of targets) sink += closest(table, id, NEAREST).length;
        return TARGETS;
      },
      () => {
        for (const { raw } of targets) sink += bucket.closest(raw, NEAREST).length;
        return TARGETS;
      },
    ],
    rounds,
  );

  const entered = inTurns(
    [
      () => {
        sink += tableSize(filledOurs());
        return CONTACTS;
      },
      () => {
        sink += filledTheirs().count();
        return CONTACTS;
      },
    ],
    rounds,
  );

  const members = tableContacts(table);
  const incumbents = bucket.toArray();
  let heard = table;
  let now = CONTACTS;
  const again = inTurns(
    [
      () => {
        for (let i = 0; i < AGAIN; i++) for (const it of members) [heard] = insertContact(heard, it, now++);
        return AGAIN * members.length;
      },
      () => {
        for (let i = 0; i < AGAIN; i++) for (const it of incumbents) bucket.add(it);
        return AGAIN * incumbents.length;
      },
    ],
    rounds,
  );

  const row = (what, [ours, theirs]) => [what, digits(ours / 1_000), digits(theirs / 1_000), ratio(ours, theirs)];
  printTable(
    ['', 'ours us', 'k-bucket us', 'x k-bucket'],
    [
      row(`${NEAREST} closest of ${members.length} (k-bucket: of ${incumbents.length})`, asked),
      row(`${CONTACTS} strangers offered, each`, entered),
      row('a member heard from again', again),
    ],
  );
  if (sink === 0) throw new Error('nothing was done');
  const [askedRatio, enteredRatio, againRatio] = [asked, entered, again].map(([a, b]) => ratio(a, b));
  return [`table: beside k-bucket: closest ${askedRatio}, a stranger offered ${enteredRatio}, a member ${againRatio}`];
};
