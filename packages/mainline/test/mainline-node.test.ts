/** The Mainline machine by its events: transaction ids, who is believed, and who enters the table. No sockets, no promises. */
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { at, Bench, idOf, machine, node, type Sent } from './mainline-bench.ts';

describe('transaction ids', () => {
  it('[R12] are at least 2 bytes, and those of a request that is only listened to are taken as well', () => {
    const bench = new Bench();
    const [silent] = bench.ping(at(1), at(2)) as [Sent, Sent];
    expect(silent.tid.length / 2).toBeGreaterThanOrEqual(2);
    bench.now = 4_000;
    bench.step({ type: 'entropy', bytes: '' });
    expect(bench.state.wire.open.size).toBeLessThanOrEqual(2);
    expect(() =>
      machine.init({ ...MAINLINE_DEFAULTS, self: idOf(0), seed: 1, wire: { tidBytes: 1, poolBytes: 64 } }),
    ).toThrow('wire.tidBytes');
  });
});

describe('who is believed', () => {
  it.each([
    ['another address', '192.0.2.9:6881'],
    ['another port', '198.18.1.1:6882'],
  ])(
    '[F31][T33] the right transaction from %s is ignored and counted, and the true answer still counts',
    (_, wrong) => {
      const bench = new Bench();
      const [sent] = bench.ping(at(1)) as [Sent];
      const told = bench.reply(wrong, sent.tid, idOf(1));
      expect(told).toEqual([{ type: 'anomaly', from: wrong, cause: 'wrong-source' }]);
      expect(bench.state.counters.wrongSource).toBe(1);
      expect(bench.members).toEqual([]);
      bench.reply(at(1), sent.tid, idOf(1));
      expect(bench.report()?.counts.answered).toBe(1);
      expect(bench.members).toEqual([idOf(1)]);
    },
  );

  it('[T33] an unknown transaction is dropped, counted, and teaches the table nothing', () => {
    const bench = new Bench();
    const nodes = [node(5), node(6)];
    const told = bench.reply(at(1), 'ffffffff', idOf(1), { nodes });
    expect(told).toEqual([{ type: 'anomaly', from: at(1), cause: 'unknown-transaction' }]);
    expect(bench.state.counters.unknownTransaction).toBe(1);
    expect(bench.members).toEqual([]);
  });

  it('[R13][X15] another id at the endpoint of a member: it fails, the member goes, and the new id must prove itself', () => {
    const bench = new Bench();
    bench.meet(node(1));
    bench.step({ type: 'lookup', id: 'a', kind: 'closest', target: idOf(1), request: mainline.findNode(idOf(1)) });
    const sent = bench.sent.at(-1) as Sent;
    expect(sent.to).toBe(at(1));
    const told = bench.reply(at(1), sent.tid, idOf(7), { nodes: [node(8)] });
    expect(bench.report(told)).toMatchObject({ reason: 'exhausted', closest: [], counts: { failed: 1 } });
    expect(bench.state.counters.wrongId).toBe(1);
    expect(told).toContainEqual({ type: 'contact-removed', contact: node(1), reason: 'changed-id' });
    expect(bench.members).toEqual([]);
    const check = bench.sent.at(-1) as Sent;
    expect([check.to, check.tid === sent.tid]).toEqual([at(1), false]);
    bench.reply(at(1), check.tid, idOf(7));
    expect(bench.members).toEqual([idOf(7)]);
  });
});

describe('who enters the table', () => {
  it('[F35][U10] being named puts nobody there, only answering does', () => {
    const bench = new Bench();
    bench.meet(node(1));
    bench.step({ type: 'lookup', id: 'a', kind: 'closest', target: idOf(9), request: mainline.findNode(idOf(9)) });
    const [first] = bench.sent.slice(-1) as [Sent];
    bench.reply(at(1), first.tid, idOf(1), { nodes: [node(8), node(9)] });
    expect(bench.members).toEqual([idOf(1)]);
    const second = bench.sent.find((it) => it.to === at(9)) as Sent;
    bench.reply(at(9), second.tid, idOf(9));
    expect(bench.members).toEqual([idOf(1), idOf(9)]);
  });

  it('[F35] asking us puts nobody there; the asker is pinged, and enters when it answers', () => {
    const bench = new Bench();
    const message = {
      type: 'request',
      tid: 'ab',
      sender: idOf(3),
      readOnly: false,
      request: { method: 'find_node', target: idOf(1) },
    } as const;
    for (let i = 0; i < 3; i++) bench.step({ type: 'received', from: at(3), message });
    expect(bench.members).toEqual([]);
    expect(bench.sent.map((it) => it.to)).toEqual([at(3)]);
    bench.reply(at(3), bench.sent[0]?.tid ?? '', idOf(3));
    expect(bench.members).toEqual([idOf(3)]);
  });

  it('[F35] an asker that does not answer stays out', () => {
    const bench = new Bench();
    const request = { method: 'ping' } as const;
    const message = { type: 'request', tid: 'ab', sender: idOf(3), readOnly: false, request } as const;
    bench.step({ type: 'received', from: at(3), message });
    for (let at = machine.nextDeadline(bench.state); at !== undefined; at = machine.nextDeadline(bench.state)) {
      bench.now = at;
      bench.step({ type: 'tick' });
    }
    expect(bench.members).toEqual([]);
    expect(bench.state.routing.include.checking).toEqual([]);
  });
});

describe('a lookup', () => {
  it('[F33] does not end because the target was named; the target itself is asked', () => {
    const bench = new Bench();
    bench.meet(node(1));
    bench.step({ type: 'lookup', id: 'a', kind: 'closest', target: idOf(9), request: mainline.findNode(idOf(9)) });
    const told = bench.reply(at(1), (bench.sent.at(-1) as Sent).tid, idOf(1), { nodes: [node(9)] });
    expect(bench.report(told)).toBeUndefined();
    const asked = bench.sent.at(-1) as Sent;
    expect(asked.to).toBe(at(9));
    bench.reply(at(9), asked.tid, idOf(9));
    expect(bench.report()?.closest).toEqual([node(9), node(1)]);
  });

  it('[F46] takes nodes and peers of a get_peers answer without a token, and announces only where one was given', () => {
    const bench = new Bench();
    bench.meet(node(1), node(2));
    const infoHash = idOf(1);
    const find = { method: 'get_peers', infoHash } as const;
    const store = { method: 'announce_peer', infoHash, port: 5, impliedPort: false, token: '' } as const;
    const before = bench.sent.length;
    bench.step({ type: 'publish', id: 'p', target: infoHash, find, store });
    const [one, two] = bench.sent.slice(before) as [Sent, Sent];
    const learned = bench.reply(one.to, one.tid, idOf(1), { peers: [{ key: '198.51.100.1:7' }], nodes: [node(3)] });
    expect(learned).toContainEqual(
      expect.objectContaining({
        id: 'find:p',
        effect: expect.objectContaining({ learned: [node(3)], values: [{ key: '198.51.100.1:7' }] }),
      }),
    );
    bench.reply(two.to, two.tid, idOf(2), { token: '0a0b' });
    const third = bench.sent.find((it) => it.to === at(3)) as Sent;
    const told = bench.reply(at(3), third.tid, idOf(3));
    const announces = told.filter((it) => it.type === 'transmit');
    expect(announces).toHaveLength(1);
    expect(announces[0]).toMatchObject({
      to: at(2),
      message: { request: { method: 'announce_peer', token: '0a0b', port: 5 } },
    });
    bench.reply(at(2), bench.sent.at(-1)?.tid ?? '', idOf(2));
    const published = bench.told.find((it) => it.type === 'published');
    expect(published).toMatchObject({ report: { stored: [node(2)], failed: [], notAttempted: [] } });
  });

  it('[F34][G14] two lookups of one key at once both end, each with its own result, and no endpoint is asked twice at a time', () => {
    const bench = new Bench();
    bench.meet(node(1), node(2));
    const request = mainline.findNode(idOf(9));
    const before = bench.sent.length;
    for (const id of ['a', 'b']) bench.step({ type: 'lookup', id, kind: 'closest', target: idOf(9), request });
    expect(
      bench.sent
        .slice(before)
        .map((it) => it.to)
        .toSorted(),
    ).toEqual([at(1), at(2)]);
    const ends: string[] = [];
    for (let i = before; i < bench.sent.length; i++) {
      const { to, tid } = bench.sent[i] as Sent;
      const told = bench.reply(to, tid, to === at(1) ? idOf(1) : idOf(2));
      for (const it of told) {
        if (it.type !== 'query' || it.effect.type !== 'finished') continue;
        ends.push(it.id);
        expect(it.effect.report.closest.map((contact) => contact.endpoint).toSorted()).toEqual([at(1), at(2)]);
      }
    }
    expect(ends.toSorted()).toEqual(['a', 'b']);
    expect(bench.sent.length - before).toBe(4);
  });

  it('[J74][G16] requests nobody answers time out, and after close nothing is open and nothing is sent', () => {
    const bench = new Bench();
    bench.ping(at(1), at(2), at(3));
    bench.now = machine.nextDeadline(bench.state) ?? 0;
    for (let i = 0; i < 10 && bench.report() === undefined; i++) {
      bench.step({ type: 'tick' });
      if (bench.report() === undefined) bench.now = machine.nextDeadline(bench.state) ?? bench.now;
    }
    expect(bench.report()?.counts).toMatchObject({ requests: 3, silent: 3 });
    bench.ping(at(4));
    const told = bench.step({ type: 'close' });
    expect(bench.report(told)?.reason).toBe('closed');
    expect(bench.state.wire.open.size + bench.state.pool.inFlight.size).toBe(0);
    expect(machine.nextDeadline(bench.state)).toBeUndefined();
    const sent = bench.sent.length;
    bench.step({ type: 'introduce', endpoint: at(5) });
    bench.reply(at(4), bench.sent.at(-1)?.tid ?? '', idOf(4));
    expect(bench.sent.length).toBe(sent);
  });
});

describe('ids bound to addresses (BEP 42)', () => {
  const from = '124.31.75.21:6881';
  const ask = (bench: Bench, sender: string) =>
    bench.step({
      type: 'received',
      from,
      message: {
        type: 'request',
        tid: '31',
        sender: sender as ReturnType<typeof idOf>,
        readOnly: false,
        request: { method: 'find_node', target: idOf(9) },
      },
    });
  const unfit = `18bfbf${'0'.repeat(33)}1`;
  const fit = `5fbfbf${'0'.repeat(32)}01`;

  it('[S75][X13] enforced: an id that does not fit gets an error and is not vetted, one that fits is answered and vetted', () => {
    const bench = new Bench({ unfitIds: 'enforce' });
    const refused = ask(bench, unfit);
    expect(refused).toContainEqual({ type: 'anomaly', from, cause: 'unfit-id' });
    expect(refused).toContainEqual({
      type: 'transmit',
      to: from,
      message: { type: 'error', tid: '31', code: 203, text: 'invalid node ID' },
    });
    expect(bench.sent).toEqual([]);
    expect(ask(bench, fit)).toContainEqual(expect.objectContaining({ type: 'transmit', to: from }));
    expect(bench.sent.map(({ to }) => to)).toEqual([from]);
  });

  it('[S75] by default it is only second choice', () => {
    const bench = new Bench();
    expect(ask(bench, unfit).some((it) => it.type === 'transmit' && it.message.type === 'reply')).toBe(true);
    expect(bench.sent.map(({ to }) => to)).toEqual([from]);
  });

  it('[X13] our own id follows the address that three networks see us at', () => {
    const bench = new Bench();
    for (const n of [1, 2, 3]) {
      for (const { tid } of bench.ping(at(n))) bench.reply(at(n), tid, idOf(n), { seenAs: from });
    }
    const { self } = bench.state.config;
    expect(mainline.ids?.fits(self, from)).toBe(true);
    expect(mainline.ids?.fits(idOf(0), from)).toBe(false);
  });

  it('[X13] it does not follow a local address, which only our own network sees', () => {
    const bench = new Bench();
    for (const n of [1, 2, 3, 4]) {
      for (const { tid } of bench.ping(at(n))) bench.reply(at(n), tid, idOf(n), { seenAs: '192.168.1.7:6881' });
    }
    expect(bench.state.config.self).toBe(idOf(0));
  });
});
