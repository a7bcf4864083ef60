// A Mainline network in this process on virtual time, packets encoded and decoded, and the turns of one of its nodes.
import { MemoryRouter, systemEntropy, VirtualTime } from '@xorrery/coordinator';
import { idFromBytes } from '@xorrery/core';
import { createNode, decode, encode, keyedTokens, MAINLINE_DEFAULTS, TOKEN_ROTATION } from '@xorrery/mainline';
import { bytesFrom } from './support.mjs';

const LATENCY = 40;

/** Grows a network, and returns the turns of the node that joined last while everybody, itself included, looks around;
 * `running`: us an event of any node took in all. */
export const turnsOf = async ({ k, nodes, rounds }) => {
  const chance = bytesFrom(0x243f6a88);
  const below = (bound) => new DataView(chance(4).buffer).getUint32(0) % bound;
  const time = new VirtualTime();
  const tokens = keyedTokens(systemEntropy);
  const router = new MemoryRouter(
    time,
    (packet, from, _to, now) => ({
      bytes: packet.length,
      ...decode(packet, from, tokens, Math.floor(now / TOKEN_ROTATION)),
    }),
    LATENCY,
  );
  const transportAt = (endpoint) => {
    const inner = router.join(endpoint);
    return {
      open: (inbox) =>
        inner.open({
          ...inbox,
          received: (from, it) =>
            it.ok ? inbox.received(from, it.message, it.bytes) : inbox.malformed(from, it.malformed),
        }),
      send: (to, message) => inner.send(to, encode(message, to, tokens)),
      close: () => inner.close(),
    };
  };
  const config = {
    query: { ...MAINLINE_DEFAULTS.query, k },
    replySize: k,
    table: { ...MAINLINE_DEFAULTS.table, bucketSizes: k === 8 ? MAINLINE_DEFAULTS.table.bucketSizes : [k] },
  };
  const grown = [];
  let events = 0;
  const count = () => {
    events++;
  };
  let first;
  const grow = async (observer = count) => {
    const endpoint = `${1 + below(223)}.${below(256)}.${below(256)}.${1 + below(254)}:${1_024 + below(64_000)}`;
    const node = createNode({
      id: idFromBytes(chance(20)),
      bootstrap: first === undefined ? [] : [first],
      clock: time.clock(),
      entropy: { bytes: chance },
      transport: transportAt(endpoint),
      config,
      observer,
    });
    first ??= endpoint;
    await node.start();
    if (grown.length > 0) await time.until(node.joined());
    grown.push(node);
    return node;
  };
  for (let i = 1; i < nodes; i++) await grow();
  const turns = [];
  const node = await grow((at, event, effects, state) => turns.push({ at, event, effects, state }));
  const hot = idFromBytes(chance(20));
  events = 0;
  const from = performance.now();
  for (let round = 0; round < rounds; round++) {
    const target = idFromBytes(chance(20));
    const others = Array.from({ length: 12 }, () => grown[below(grown.length)]);
    const busy = others.map((it, i) =>
      i === 0
        ? it.announce(hot, { port: 1 + below(60_000) })
        : i % 2 === 0
          ? it.findPeers(idFromBytes(chance(20)))
          : it.findNode(idFromBytes(chance(20))),
    );
    if (round % 4 === 0) busy.push(round % 8 === 0 ? node.findPeers(hot) : node.findNode(target));
    await time.until(Promise.all(busy));
    await time.advance(700);
  }
  const running = ((performance.now() - from) * 1_000) / (events + turns.length);
  await Promise.all(grown.map((it) => it.close()));
  return { turns, running };
};
