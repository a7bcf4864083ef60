import type { Endpoint, Id, NodeEffect, NodeEvent, NodeState } from '@xorrery/core';
import { makeNode, runningQueries } from '@xorrery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { decode } from '../src/krpc-decode.ts';
import { encode } from '../src/krpc-encode.ts';
import type { InRequest, Mainline } from '../src/messages.ts';
import { MAINLINE_DEFAULTS, mainline } from '../src/profile.ts';
import type { MainlineStore, MainlineStoreConfig } from '../src/store.ts';
import { keyedTokens, TOKEN_ROTATION } from '../src/token.ts';

const machine = makeNode(mainline);
const idOf = (n: number): Id => n.toString(16).padStart(40, '0') as Id;
const self = 'f'.repeat(40) as Id;
const stranger = idOf(77);
const infoHash = idOf(5);
const from: Endpoint = '192.0.2.7:6881';

let state: NodeState<Mainline, MainlineStoreConfig, MainlineStore>;
let now: number;
let told: readonly NodeEffect<Mainline>[];

const step = (event: NodeEvent<Mainline>): void => {
  const next = machine.advance(state, event, now);
  state = next.state;
  told = next.effects;
};

/** What the node answers to a request from `from`. */
const ask = (request: InRequest, at: Endpoint = from): unknown => {
  step({
    type: 'received',
    from: at,
    message: { type: 'request', tid: 'abcd', sender: stranger, readOnly: true, request },
  });
  const sent = told.filter((it) => it.type === 'transmit');
  expect(sent.length).toBe(1);
  expect(sent[0]).toMatchObject({ to: at, message: { tid: 'abcd' } });
  return sent[0]?.message;
};

/** Makes members of the table: each answers a ping of ours. */
const meet = (...contacts: number[]): void => {
  for (const n of contacts) {
    step({ type: 'ask', id: `meet${n}`, seeds: [{ endpoint: `198.18.${n}.1:1` }], request: { method: 'ping' } });
    const asked = told.find((it) => it.type === 'transmit' && it.message.type === 'request');
    const tid = asked?.type === 'transmit' ? asked.message.tid : '';
    const message = { type: 'reply', tid, sender: idOf(n), reply: {} } as const;
    step({ type: 'received', from: `198.18.${n}.1:1`, message });
  }
};

const announce = (changes: Partial<Extract<InRequest, { method: 'announce_peer' }>> = {}): unknown =>
  ask({ method: 'announce_peer', infoHash, port: 4_000, impliedPort: false, token: 'current', ...changes });

beforeEach(() => {
  now = 1_000;
  state = machine.init({ ...MAINLINE_DEFAULTS, self, seed: 1, wire: { tidBytes: 2, poolBytes: 4_096 } });
  step({ type: 'start', seeds: [] });
  const bytes = Array.from({ length: 4_096 }, (_, i) =>
    ((i * 7919 + (i >> 4)) % 256).toString(16).padStart(2, '0'),
  ).join('');
  step({ type: 'entropy', bytes });
});

describe('what a node answers', () => {
  it('[J72][S71] ping: its id', () => {
    expect(ask({ method: 'ping' })).toEqual({ type: 'reply', tid: 'abcd', sender: self, reply: {} });
  });

  it('[S71][J72] a ping of transaction id "10" is answered with r.id of 20 bytes under that id, byte for byte', () => {
    const tokens = keyedTokens({ bytes: (count) => new Uint8Array(count) });
    const packet = Buffer.from(`d1:ad2:id20:${'a'.repeat(20)}e1:q4:ping1:t2:101:y1:qe`);
    const decoded = decode(packet, from, tokens, 0);
    if (!decoded.ok) throw new Error(decoded.malformed.cause);
    step({ type: 'received', from, message: decoded.message });
    const [sent] = told.flatMap((it) => (it.type === 'transmit' ? [encode(it.message, from, tokens)] : []));
    const id = Buffer.from(self, 'hex').toString('latin1');
    expect(sent?.toString('latin1')).toBe(
      `d2:ip6:\xc0\x00\x02\x07\x1a\xe11:rd2:id20:${id}e1:t2:101:v4:XO\0\x011:y1:re`,
    );
  });

  it('[J72] find_node: the contacts closest to the target, a bucketful, without the asker', () => {
    meet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const answer = (at: string): string[] => {
      const { reply } = ask({ method: 'find_node', target: idOf(1) }, at) as {
        reply: { nodes: { endpoint: string }[] };
      };
      return reply.nodes.map((it) => it.endpoint);
    };
    expect(answer(from)).toEqual([1, 3, 2, 5, 4, 7, 6, 9].map((n) => `198.18.${n}.1:1`));
    expect(answer('198.18.3.1:1')).toEqual([1, 2, 5, 4, 7, 6, 9, 8].map((n) => `198.18.${n}.1:1`));
  });

  it('[J72] get_peers of a torrent nobody announced: nodes and a token, no peers', () => {
    meet(1);
    expect(ask({ method: 'get_peers', infoHash })).toMatchObject({
      reply: { nodes: [{ id: idOf(1) }], token: { infoHash, epoch: 0 } },
    });
    expect(JSON.stringify(told)).not.toContain('peers');
  });

  it('[J72][S78] get_peers of an announced one: its peers, and nodes and a token as well', () => {
    meet(1);
    announce();
    expect(ask({ method: 'get_peers', infoHash })).toMatchObject({
      reply: { peers: [{ key: '192.0.2.7:4000' }], nodes: [{ id: idOf(1) }], token: { infoHash } },
    });
  });

  it('[J70][X14] the token it gives names the epoch, which moves on every 5 minutes', () => {
    now = TOKEN_ROTATION * 3 - 1;
    expect(ask({ method: 'get_peers', infoHash })).toMatchObject({ reply: { token: { epoch: 2 } } });
    now = TOKEN_ROTATION * 3;
    expect(ask({ method: 'get_peers', infoHash })).toMatchObject({ reply: { token: { epoch: 3 } } });
  });

  it('[J72][J70] announce_peer with a token of this epoch or the last is taken; with a bad one it is error 203 and nothing is kept', () => {
    expect(announce({ token: 'bad' })).toEqual({ type: 'error', tid: 'abcd', code: 203, text: 'bad token' });
    expect(state.server.peers.torrents.size).toBe(0);
    expect(announce({ token: 'previous' })).toMatchObject({ type: 'reply', reply: {} });
    expect(announce({ token: 'current' })).toMatchObject({ type: 'reply' });
    expect(state.server.peers.torrents.size).toBe(1);
  });

  it('[T35][J72] the address of a peer is where its packet came from; implied_port takes its port from there too', () => {
    announce({ port: 9 });
    announce({ port: 9, impliedPort: true });
    const { reply } = ask({ method: 'get_peers', infoHash }) as { reply: { peers: { key: string }[] } };
    expect(reply.peers.map((it) => it.key).sort()).toEqual(['192.0.2.7:6881', '192.0.2.7:9']);
  });

  it('[T35] an IPv6 peer likewise', () => {
    ask({ method: 'announce_peer', infoHash, port: 9, impliedPort: false, token: 'current' }, '[2001:db8::1]:6881');
    expect(ask({ method: 'get_peers', infoHash })).toMatchObject({ reply: { peers: [{ key: '[2001:db8::1]:9' }] } });
  });

  it('[J71] peers are gone at their deadline, which the node wakes for', () => {
    announce();
    const due = now + MAINLINE_DEFAULTS.server.peers.peerLifetime;
    // The limiter forgets the asker on the way.
    for (let at = machine.nextDeadline(state); at !== undefined && at < due; at = machine.nextDeadline(state)) {
      now = at;
      step({ type: 'tick' });
    }
    expect(machine.nextDeadline(state)).toBe(due);
    expect(state.server.peers.torrents.size).toBe(1);
    now = due;
    step({ type: 'tick' });
    expect(state.server.peers.torrents.size).toBe(0);
    expect(machine.nextDeadline(state)).toBeUndefined();
  });

  it('[R01][D03] k is 8 in Mainline, and a lookup may set its own', () => {
    meet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const kOf = (id: string, k?: number): number | undefined => {
      const request = { method: 'find_node', target: idOf(1) } as const;
      step({ type: 'lookup', id, kind: 'closest', target: idOf(1), request, ...(k && { settings: { k } }) });
      return runningQueries(state.pool).find((it) => it.id === `user:${id}`)?.query.config.k;
    };
    expect([kOf('a'), kOf('b', 3)]).toEqual([8, 3]);
  });

  it('[J74] a request times out, and close settles every open one', () => {
    meet(1, 2);
    step({ type: 'ask', id: 'p', seeds: [{ endpoint: '192.0.2.99:1' }], request: { method: 'ping' } });
    const all: NodeEffect<Mainline>[] = [];
    while (state.pool.running.size > 0) {
      now = machine.nextDeadline(state) as number;
      step({ type: 'tick' });
      all.push(...told);
    }
    expect(all.some((it) => it.type === 'query' && it.id === 'p' && it.effect.type === 'finished')).toBe(true);
    step({ type: 'ask', id: 'r', seeds: [{ endpoint: '192.0.2.98:1' }], request: { method: 'ping' } });
    expect(state.wire.open.size).toBe(1);
    step({ type: 'close' });
    expect([state.wire.open.size, state.pool.inFlight.size, state.pool.running.size]).toEqual([0, 0, 0]);
  });

  it('[J72] an unknown method or missing argument reaches it as malformed, and is answered in its words', () => {
    step({
      type: 'malformed',
      from,
      cause: 'unknown-method',
      answer: { tid: '01', code: 204, text: 'unknown method' },
    });
    expect(told).toEqual([
      { type: 'transmit', to: from, message: { type: 'error', tid: '01', code: 204, text: 'unknown method' } },
    ]);
  });
});
