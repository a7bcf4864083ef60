// Subscribes to a node's event stream and prints a lookup as it happens: whom it asks, who answers, how near they are.
import { commonPrefix, idFromHex } from '@xorrery/core';
import { createNode, MAINLINE_DEFAULTS } from '@xorrery/mainline';

const target = idFromHex('08ada5a7a6183aae1e09d831df6748d566095a10', 160);

// A network to look at: 24 nodes on loopback. Small tables, so that the lookup has a way to go.
const nodes = [];
let endpoint;
for (let i = 0; i < 24; i++) {
  const bootstrap = endpoint === undefined ? [] : [endpoint];
  const table = { ...MAINLINE_DEFAULTS.table, bucketPolicy: /** @type {const} */ ('fixed'), bucketSizes: [2] };
  const node = createNode({ host: '127.0.0.1', port: 0, bootstrap, config: { table } });
  endpoint = await node.start().then((bound) => endpoint ?? bound);
  await node.joined();
  nodes.push(node);
}

const node = /** @type {import('@xorrery/mainline').MainlineNode} */ (nodes.at(-1));

// Subscribe first, then begin: a stream carries what happens from now on.
const events = node.events();
const lookup = node.findNode(target);

for await (const streamed of events) {
  if (streamed.type === 'lagged') {
    console.log(`... ${streamed.missed} events missed: we read too slowly`);
    continue;
  }
  const { at, event } = streamed;
  // The node's own upkeep runs lookups as well; ours has the id of the operation.
  if (event.type !== 'query' || event.id !== lookup.id) continue;
  const { effect } = event;
  if (effect.type === 'send') console.log(`${at}  ask       ${effect.to.endpoint}`);
  if (effect.type === 'unanswered') console.log(`${at}  silence   ${effect.to.endpoint}`);
  if (effect.type === 'progressed') {
    const { from, hops, learned } = effect;
    const bits = commonPrefix(target, from.id);
    console.log(`${at}  answered  ${from.endpoint}  bits in common: ${bits}, hop ${hops}, named ${learned.length} new`);
  }
  if (effect.type === 'finished') {
    const { reason, counts, elapsed } = effect.report;
    console.log(`${at}  ${reason}: asked ${counts.requests}, answered ${counts.answered}, ${elapsed} ms`);
    break; // Leaving the loop ends the subscription.
  }
}

await Promise.all(nodes.map((it) => it.close()));
