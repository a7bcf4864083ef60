// A node at rest: the bytes its state takes beyond the contacts it shares with others, and how often it wakes.
import { DEFAULT_NODE, emptyTable, insertContact, makeNode } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { bytesFrom, printTable } from './support.mjs';

/** As expected at k = 8 in a network of a million nodes. */
const CONTACTS = 142;
const LIMIT = 8_192;
const HOUR = 3_600_000;

const bytes = bytesFrom(0x3c6ef372);
const newId = () => /** @type {import('@xorrery/core').Id} */ (Buffer.from(bytes(20)).toString('hex'));
const machine = makeNode(mainline);
const table = { ...MAINLINE_DEFAULTS.table, bucketPolicy: /** @type {const} */ ('fixed'), bucketSizes: [8] };

/** A node with a full table: each bucket has eight members until the contacts run out. */
const tableOf = (self, contacts) => {
  let filled = emptyTable(self, table);
  contacts.forEach((contact, i) => {
    filled = insertContact(filled, contact, i)[0];
  });
  return filled;
};

/** Contacts that share 0, 1, 2, ... leading bits with an id of zeros, eight of each, and what remains one deeper. */
const contactsFor = () =>
  Array.from({ length: CONTACTS }, (_, i) => {
    const depth = Math.floor(i / 8);
    const head = (2 ** (31 - depth) + (Number.parseInt(newId().slice(0, 8), 16) % 2 ** (31 - depth))).toString(16);
    const id = /** @type {import('@xorrery/core').Id} */ (head.padStart(8, '0') + newId().slice(8));
    return { id, endpoint: `${80 + depth}.${i}.7.7:6881` };
  });

const SELF = /** @type {import('@xorrery/core').Id} */ ('0'.repeat(40));

const bytesOfState = (count) => {
  const contacts = contactsFor();
  const config = { ...MAINLINE_DEFAULTS, self: SELF, seed: 1, table };
  const fresh = () => {
    const state = machine.init(config);
    const { probe } = state.routing;
    return { ...state, routing: { ...state.routing, probe: { ...probe, table: tableOf(SELF, contacts) } } };
  };
  const kept = [fresh()];
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) kept.push(fresh());
  globalThis.gc?.();
  const each = (process.memoryUsage().heapUsed - before) / count;
  const members = kept[0]?.routing.probe.table.buckets.reduce((sum, bucket) => sum + bucket.members.length, 0);
  return { each, members };
};

/** Wakes of a node whose members all answer at once, in an hour, after it has been up for one. */
const wakesInAnHour = (hours) => {
  const contacts = contactsFor();
  const byEndpoint = new Map(contacts.map((it) => [it.endpoint, it]));
  let state = machine.init({ ...MAINLINE_DEFAULTS, self: SELF, seed: 1, table });
  let now = 0;
  let wakes = 0;
  const inbox = [];
  const feed = (event) => {
    const step = machine.advance(state, event, now);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === 'entropy-needed')
        inbox.push({ type: 'entropy', bytes: Buffer.from(bytes(effect.bytes)).toString('hex') });
      else if (effect.type === 'transmit' && effect.message.type === 'request') {
        const contact = byEndpoint.get(effect.to);
        if (contact === undefined) continue;
        const message = { type: 'reply', tid: effect.message.tid, sender: contact.id, reply: { nodes: [] } };
        inbox.push({ type: 'received', from: effect.to, message });
      }
    }
  };
  const drain = () => {
    for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) feed(event);
  };
  feed({ type: 'start', seeds: [] });
  drain();
  for (const { endpoint } of contacts) {
    feed({ type: 'introduce', endpoint });
    drain();
  }
  while (now < hours * HOUR) {
    now = /** @type {number} */ (machine.nextDeadline(state));
    if (now >= (hours - 1) * HOUR) wakes++;
    feed({ type: 'tick' });
    drain();
  }
  const members = state.routing.probe.table.buckets.reduce((sum, bucket) => sum + bucket.members.length, 0);
  return { wakes, members };
};

export const run = ({ short }) => {
  const { each, members } = bytesOfState(short ? 200 : 3_000);
  const { wakes, members: alive } = wakesInAnHour(short ? 2 : 6);
  const probes = alive * (HOUR / DEFAULT_NODE.probe.questionableAfter);
  printTable(
    ['', 'contacts', 'measured', 'bound'],
    [
      ['bytes of state beyond the shared contacts', members, each.toFixed(0), LIMIT],
      ['wakes an hour while everybody answers', alive, wakes, `${probes} checks, and the refreshes`],
    ],
  );
  return [`idle: ${each.toFixed(0)} bytes of state with ${members} contacts; ${wakes} wakes an hour with ${alive}`];
};
