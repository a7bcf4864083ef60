// `findNode` as a promise, made of two things alone: starting a query, and reading the event stream. This is how the
// promise API itself is made. The coordinator is put together by hand to show that nothing else is behind it.
import { Coordinator, SystemClock, systemEntropy } from '@xorrery/coordinator';
import { idFromBytes, makeNode } from '@xorrery/core';
import { keyedTokens, MAINLINE_DEFAULTS, mainline, udpTransport } from '@xorrery/mainline';

/** @typedef {import('@xorrery/core').Id} Id */
/** @typedef {import('@xorrery/core').QueryReport<import('@xorrery/mainline').Mainline>} Report */

const makeCoordinator = () => {
  const clock = new SystemClock();
  const self = idFromBytes(systemEntropy.bytes(20));
  return new Coordinator({
    machine: makeNode(mainline),
    config: { ...MAINLINE_DEFAULTS, self, seed: 1 },
    transport: udpTransport({ host: '127.0.0.1', port: 0, clock, tokens: keyedTokens(systemEntropy) }),
    clock,
    entropy: systemEntropy,
  });
};

/** @typedef {ReturnType<typeof makeCoordinator>} Node */

/**
 * The nodes closest to an id.
 * @param {Node} node
 * @param {Id} target
 * @returns {Promise<Report>}
 */
const findNode = async (node, target) => {
  const id = node.nextOperationId();
  const events = node.events({ operation: id }); // Before the query begins, so that nothing is missed.
  node.begin({ type: 'lookup', id, kind: 'closest', target, request: { method: 'find_node', target } });
  for await (const streamed of events) {
    if (streamed.type === 'lagged' || streamed.event.type !== 'query') continue;
    if (streamed.event.effect.type === 'finished') return streamed.event.effect.report;
  }
  throw new Error('the node was closed');
};

/**
 * The end of a join, from the stream as well.
 * @param {ReturnType<Node['events']>} events
 */
const joined = async (events) => {
  for await (const streamed of events) {
    if (streamed.type === 'event' && streamed.event.type === 'join-finished') return;
  }
};

/** @type {Node[]} */
const nodes = [];
/** @type {string[]} */
const seeds = [];
for (let i = 0; i < 8; i++) {
  const node = makeCoordinator();
  nodes.push(node);
  const events = node.events();
  const endpoint = await node.start(seeds);
  await joined(events);
  if (seeds.length === 0) seeds.push(endpoint);
}

const [first, last] = /** @type {[Node, Node]} */ ([nodes[0], nodes.at(-1)]);
const { reason, closest } = await findNode(last, first.state.config.self);
console.log(`${reason}: ${closest.length} nodes, the closest at ${closest[0]?.endpoint}`);
console.log(closest[0]?.endpoint === seeds[0] ? 'it is the one we looked for' : 'it is another one');

await Promise.all(nodes.map((node) => node.close()));
