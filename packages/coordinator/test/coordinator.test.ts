/** The coordinator: turn loop, one timer, what is refused, what is told. On virtual time and in memory. */
import { type Announcement, type Clock, type Observer, RefusedError, VirtualTime } from '@xorrery/coordinator';
import { ConfigError, DEFAULT_POOL, type Instant, makeNode, type NodeEvent } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import {
  ask,
  collected,
  coordinator,
  find,
  id16,
  K,
  LoggedTransport,
  settled,
  type Tiny,
  Town,
  tinyConfig,
  tinyProfile,
} from './support.ts';

/** A clock that only does what it is told, and counts its timers. */
class HandClock implements Clock {
  time: Instant = 0;
  at: Instant | undefined;
  wake: () => void = () => {};
  now = (): Instant => this.time;
  wall = (): number => this.time;
  wakeAt = (at: Instant | undefined, wake: () => void): void => {
    this.at = at;
    this.wake = wake;
  };
  /** Lets the one timer fire. */
  fire(): void {
    if (this.at === undefined) throw new Error('no timer is set');
    this.time = Math.max(this.time, this.at);
    this.at = undefined;
    this.wake();
  }
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof RefusedError ? error.code : (error as Error).name;
  }
  return 'accepted';
};

describe('the turn loop', () => {
  it('[F26][T19] with no traffic whatever the one timer fires: requests time out, and joining is tried again', async () => {
    const clock = new HandClock();
    const transport = new LoggedTransport();
    const node = coordinator(1, { transport, clock });
    const events = collected(node.events());
    await node.start(['n2']);
    expect(transport.sent).toHaveLength(1);
    const instants: Instant[] = [];
    while (transport.sent.length < 4) {
      clock.fire();
      instants.push(clock.time);
      await settled();
    }
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    const effects = events.flatMap((it) => (it.type === 'query' ? [it.effect.type] : []));
    expect(effects).toContain('unanswered');
    expect(effects.filter((it) => it === 'finished').length).toBeGreaterThanOrEqual(3);
    expect(events).toContainEqual({ type: 'join-finished', outcome: 'isolated', contacts: 0, elapsed: 3_000 });
    await node.close();
    expect(clock.at).toBeUndefined();
  });

  it('takes in what arrives while it sends only after the turn: perform never turns', async () => {
    const clock = new HandClock();
    const transport = new LoggedTransport();
    const log: string[] = [];
    // This one breaks its contract and answers from within `send`.
    transport.onSend = (to, message) => {
      log.push(`send ${message.type}`);
      if (message.type !== 'request') return;
      transport.inbox?.received(to, { type: 'reply', tid: message.tid, sender: id16(2), reply: { nodes: [] } });
    };
    const observer: Observer<Tiny, null, null> = (_at, event, effects) => {
      log.push(`turn ${event.type}, ${effects.length === 0 ? 'nothing' : effects.map((it) => it.type).join(' ')}`);
    };
    const node = coordinator(1, { transport, clock, observer });
    await node.start(['n2']);
    void ask(node, 'n5', 'n6', 'n7');
    expect(log.filter((it) => it.startsWith('turn ask')).join()).toContain('transmit query transmit');
    // Each turn is whole: as many sends follow it as it has transmits, and only then comes the next turn.
    const turns = log.flatMap((line, i) => (line.startsWith('turn') ? [i] : []));
    for (const [i, at] of turns.entries()) {
      const sends = (turns[i + 1] ?? log.length) - at - 1;
      expect(log[at]?.match(/transmit/g) ?? []).toHaveLength(sends);
    }
    expect(log.filter((it) => it.startsWith('turn received')).length).toBeGreaterThan(1);
    expect(node.contacts).toHaveLength(1);
    await node.close();
  });

  it('[X03] a step that throws is seen with its event, so that a recording of it fails again', async () => {
    const seen: string[] = [];
    const machine = { ...makeNode(tinyProfile) };
    const observer: Observer<Tiny, null, null> = (_, event) => void seen.push(event.type);
    const node = coordinator(1, { machine, transport: new LoggedTransport(), clock: new HandClock(), observer });
    await node.start();
    machine.advance = () => {
      throw new Error('a bug');
    };
    expect(() => node.introduce('n2')).toThrow('a bug');
    expect(seen.at(-1)).toBe('introduce');
  });

  it('[F14] a clock that falls back is clamped: the node’s time never falls', async () => {
    const clock = new HandClock();
    clock.time = 1_000;
    const instants: Instant[] = [];
    const node = coordinator(1, { transport: new LoggedTransport(), clock, observer: (at) => instants.push(at) });
    await node.start();
    clock.time = 400;
    node.introduce('n2');
    expect(instants.at(-1)).toBe(1_000);
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    await node.close();
  });

  it('[F13][G01] the events an observer saw, replayed through the machine, give the same state', async () => {
    const town = new Town();
    const seen: (readonly [Instant, NodeEvent<Tiny>])[] = [];
    const node = town.node(1, {}, { observer: (at, event) => seen.push([at, event]) });
    const others = await town.joined(2, 3, 4);
    await node.start(['n2']);
    await town.time.until(find(node, 9));
    const machine = makeNode(tinyProfile);
    let state = machine.init(tinyConfig(1));
    for (const [at, event] of JSON.parse(JSON.stringify(seen))) state = machine.advance(state, event, at).state;
    expect(JSON.stringify(state)).toBe(JSON.stringify(node.state));
    for (const it of [node, ...others]) await it.close();
  });

  it('throws ConfigError for a configuration that is out of range', () => {
    const options = { transport: new LoggedTransport(), clock: new HandClock() };
    expect(() => coordinator(1, options, { storeSet: 0 })).toThrow(ConfigError);
  });
});

describe('the stream', () => {
  it('[G17] carries at least: progressed, finished, contact added, contact removed, join finished', async () => {
    const town = new Town();
    const [one, two] = await town.joined(1, 2);
    const node = town.node(3);
    const events = collected(node.events());
    await node.start(['n1']);
    await town.time.until(find(node, 9));
    await town.time.advance(5_000);
    await two?.close();
    for (let i = 0; i < 3; i++) await town.time.until(find(node, 9));
    const types = new Set(events.map((it) => (it.type === 'query' ? it.effect.type : it.type)));
    for (const type of ['progressed', 'finished', 'contact-added', 'contact-removed', 'join-finished', 'lifecycle']) {
      expect(types).toContain(type);
    }
    expect(types).not.toContain('transmit');
    expect(types).not.toContain('entropy-needed');
    await node.close();
    await one?.close();
  });

  it('[X17] gives each event its place, its time and its cause', async () => {
    const town = new Town();
    const others = await town.joined(1);
    const node = town.node(3);
    const subscription = node.events();
    const all: { seq: number; at: number; cause: unknown; event: Announcement<Tiny> }[] = [];
    void (async () => {
      for await (const it of subscription) if (it.type === 'event') all.push(it);
    })();
    await node.start(['n1']);
    await town.time.advance(1_000);
    expect(all.map((it) => it.seq)).toEqual(all.map((_, i) => i));
    expect(all.map((it) => it.at)).toEqual(all.map((it) => it.at).toSorted((a, b) => a - b));
    const added = all.find((it) => it.event.type === 'contact-added');
    expect(added?.cause).toEqual({ type: 'received', from: 'n1' });
    await node.close();
    for (const it of others) await it.close();
  });

  it('[G19] an operation’s outcome arrives on the stream, once, and the promise gives the very same', async () => {
    const town = new Town();
    const nodes = await town.joined(1, 2, 3);
    const node = nodes[2] as (typeof nodes)[number];
    const events = collected(node.events());
    const operation = find(node, 9);
    const report = await town.time.until(operation);
    const ends = events.flatMap((it) =>
      it.type === 'query' && it.id === operation.id && it.effect.type === 'finished' ? [it.effect.report] : [],
    );
    expect(ends).toHaveLength(1);
    expect(ends[0]).toBe(report);
    for (const it of nodes) await it.close();
  });

  it('[G19][G20] an operation can be awaited and iterated, any number of times, also after its end', async () => {
    const town = new Town();
    const nodes = await town.joined(1, 2, 3);
    const operation = find(nodes[2] as (typeof nodes)[number], 9);
    const report = await town.time.until(operation);
    const items = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const contact of operation) found.push(contact.endpoint);
      return found.toSorted();
    };
    expect(await items()).toEqual(['n1', 'n2']);
    expect(await items()).toEqual(['n1', 'n2']);
    expect(await operation).toBe(report);
    for (const it of nodes) await it.close();
  });

  it('[F17] a subscriber that does not read loses progress, is told so, and finds every end', async () => {
    const town = new Town();
    const nodes = await town.joined(1, 2, 3);
    const node = nodes[2] as (typeof nodes)[number];
    const slow = node.events({ limit: 1 });
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      const operation = find(node, 9 + i);
      ids.push(operation.id);
      await town.time.until(operation);
    }
    for (const it of nodes) await it.close();
    const ends: string[] = [];
    let missed = 0;
    for await (const it of slow) {
      if (it.type === 'lagged') missed += it.missed;
      else if (it.event.type === 'query' && it.event.effect.type === 'finished') ends.push(it.event.id);
    }
    expect(ends.filter((id) => ids.includes(id))).toEqual(ids);
    expect(missed).toBeGreaterThan(20);
  });

  it('ends when the node is closed, after all that it holds', async () => {
    const town = new Town();
    const node = town.node(1);
    const events = collected(node.events());
    await node.start();
    await node.close();
    await settled();
    expect(events.filter((it) => it.type === 'lifecycle').map((it) => it.type === 'lifecycle' && it.state)).toEqual([
      'starting',
      'joining',
      'offline',
      'stopping',
      'closed',
    ]);
  });
});

describe('what is refused', () => {
  it('[G18] before start and after close: a typed error at once, and no event later', async () => {
    const town = new Town();
    const node = town.node(1);
    const events = collected(node.events());
    const operations = [() => find(node, 9), () => ask(node, 'n2'), () => node.introduce('n2')];
    for (const run of operations) expect(codeOf(run)).toBe('not-started');
    await node.start();
    await node.close();
    for (const run of operations) expect(codeOf(run)).toBe('closed');
    await town.time.advance(100_000);
    expect(events.filter((it) => it.type === 'query' || it.type === 'rejected')).toEqual([]);
  });

  it('[G18] bad arguments: a ConfigError that names the setting, and nothing sent', async () => {
    const clock = new HandClock();
    const transport = new LoggedTransport();
    const node = coordinator(1, { transport, clock });
    await node.start();
    const events = collected(node.events());
    for (const settings of [{ k: 0 }, { alpha: -1 }, { deadline: 0.5 }, { stall: 'x' as never }]) {
      const field = `query.${Object.keys(settings)[0]}`;
      expect(() => find(node, 9, { settings })).toThrow(field);
      expect(codeOf(() => find(node, 9, { settings }))).toBe('ConfigError');
    }
    await settled();
    expect(transport.sent).toEqual([]);
    expect(events).toEqual([]);
    await node.close();
  });

  it('[G18] a duplicate id, while the first one runs; after its end the id is free', async () => {
    const town = new Town();
    const node = town.node(1);
    await node.start();
    const event = { type: 'ask', id: 'mine', seeds: [{ endpoint: 'n2' }], request: { ask: 'ping' } } as const;
    node.begin(event);
    expect(codeOf(() => node.begin(event))).toBe('duplicate');
    await town.time.advance(60_000);
    expect(codeOf(() => node.begin(event))).toBe('accepted');
    await node.close();
  });

  it('[G18] over the limit; and what was accepted ends all the same', async () => {
    const town = new Town();
    const pool = { ...DEFAULT_POOL, maxQueries: 2, maxQueued: 1, adaptiveTimeout: 'off' } as const;
    const node = town.node(1, { pool });
    await node.start();
    const events = collected(node.events());
    const accepted = [ask(node, 'n2'), ask(node, 'n3'), ask(node, 'n4')];
    expect(codeOf(() => ask(node, 'n5'))).toBe('over-limit');
    const reports = await town.time.until(Promise.all(accepted));
    expect(reports.map((it) => it.counts.silent)).toEqual([1, 1, 1]);
    expect(events.filter((it) => it.type === 'rejected')).toEqual([]);
    expect(events.filter((it) => it.type === 'query' && it.effect.type === 'finished')).toHaveLength(3);
    await node.close();
  });

  it('[G18] a signal that was aborted before: nothing is started, its reason is thrown', async () => {
    const town = new Town();
    const node = town.node(1);
    await node.start();
    const reason = new Error('no');
    expect(() => find(node, 9, { signal: AbortSignal.abort(reason) })).toThrow(reason);
    await node.close();
  });
});

describe('start and close', () => {
  it('start answers the same however often it is called, and opens once', async () => {
    const transport = new LoggedTransport();
    const node = coordinator(1, { transport, clock: new HandClock() });
    const first = node.start(['n2']);
    expect(node.start(['n3'])).toBe(first);
    expect(await first).toBe('here');
    expect(transport.opened).toBe(1);
    await node.close();
  });

  it('a transport that cannot be opened: start rejects with its error, and close is quiet', async () => {
    const transport = new LoggedTransport();
    const failure = new Error('in use');
    transport.opening = () => Promise.reject(failure);
    const node = coordinator(1, { transport, clock: new HandClock() });
    await expect(node.start()).rejects.toBe(failure);
    await node.close();
    expect(node.lifecycle).toBe('closed');
  });

  it('[U05] close while opening: start rejects, nothing is sent, the transport is closed', async () => {
    const transport = new LoggedTransport();
    let open: (endpoint: string) => void = () => {};
    transport.opening = () => new Promise((resolve) => (open = resolve));
    const node = coordinator(1, { transport, clock: new HandClock() });
    const starting = node.start(['n2']);
    const closing = node.close();
    open('here');
    await expect(starting).rejects.toMatchObject({ name: 'RefusedError', code: 'closed' });
    await closing;
    expect([transport.sent.length, transport.closed, node.lifecycle]).toEqual([0, 1, 'closed']);
  });

  it('[U05][F17] close ends every operation with reason closed, and nothing is sent after', async () => {
    const clock = new HandClock();
    const transport = new LoggedTransport();
    const node = coordinator(1, { transport, clock });
    await node.start();
    const operations = [ask(node, 'n2'), ask(node, 'n3'), find(node, 9, {})];
    const sent = transport.sent.length;
    await node.close();
    const reports = await Promise.all(operations);
    expect(reports.slice(0, 2).map((it) => it.reason)).toEqual(['closed', 'closed']);
    expect(transport.sent.length).toBe(sent);
    expect(clock.at).toBeUndefined();
    expect(() => node.close()).not.toThrow();
  });
});

describe('an empty or small table', () => {
  it.each([0, 1, 2, K - 1, K, K + 1])(
    '[U14] %i contacts: refused before start; after it the lookup has them all, or k',
    async (count) => {
      const town = new Town();
      const numbers = Array.from({ length: count }, (_, i) => 16 + i);
      const others = await town.joined(...numbers);
      const node = town.node(1);
      expect(codeOf(() => find(node, 9))).toBe('not-started');
      await node.start(count === 0 ? [] : ['n16']);
      // Asked for while it is still joining: it waits for that, and then sees the whole table.
      const early = await town.time.until(find(node, 16));
      const late = await town.time.until(find(node, 16));
      for (const report of [early, late]) {
        expect(report.closest.map((it) => it.endpoint)).toEqual(numbers.slice(0, K).map((n) => `n${n}`));
        expect(report.reason).toBe(count < K ? 'exhausted' : 'converged');
      }
      for (const it of [node, ...others]) await it.close();
    },
  );

  it('[U14] whenEmpty refuse: a typed error while nobody was met, and accepted once somebody was', async () => {
    const town = new Town();
    const others = await town.joined(16);
    const node = town.node(1, { whenEmpty: 'refuse' });
    await node.start(['n16']);
    expect(codeOf(() => find(node, 9))).toBe('isolated');
    await town.time.advance(10_000);
    expect((await town.time.until(find(node, 9))).closest).toHaveLength(1);
    for (const it of [node, ...others]) await it.close();
  });

  it('[U14] whenEmpty wait: with dead seeds it waits for the join timeout, and then says that nobody was there', async () => {
    const town = new Town();
    const node = town.node(1);
    await node.start(['n99']);
    const report = await town.time.until(find(node, 9));
    expect(town.time.now).toBe(3_000);
    expect([report.reason, report.closest]).toEqual(['exhausted', []]);
    await node.close();
  });

  it('[U14][F34] two lookups of one target at once: each completes, with its own result', async () => {
    const town = new Town();
    const nodes = await town.joined(1, 2, 3, 4, 5);
    const node = nodes[4] as (typeof nodes)[number];
    const [a, b] = [find(node, 9), find(node, 9, { settings: { k: 2 } })];
    const [first, second] = await town.time.until(Promise.all([a, b]));
    expect(a.id).not.toBe(b.id);
    expect(first.closest).toHaveLength(4);
    expect(second.closest).toEqual(first.closest.slice(0, 2));
    for (const it of nodes) await it.close();
  });
});

describe('aborting', () => {
  it('[U07] ends an operation early with what it has, and sends nothing after', async () => {
    const transport = new LoggedTransport();
    const time = new VirtualTime();
    const node = coordinator(1, { transport, clock: time.clock() });
    await node.start();
    const controller = new AbortController();
    const operation = find(node, 9, { signal: controller.signal });
    controller.abort();
    expect((await operation).reason).toMatch(/cancelled|exhausted/);
    const pinging = ask(node, 'n2', 'n3', 'n4', 'n5', 'n6');
    const sent = transport.sent.length;
    node.cancel(pinging.id);
    expect((await pinging).reason).toBe('cancelled');
    await time.advance(100_000);
    expect(transport.sent.length).toBe(sent);
    await node.close();
  });
});

describe('what it knows', () => {
  it('[Z11][T41] who is closest, who is in the table and how it is doing are told without a packet', async () => {
    const town = new Town();
    const nodes = [1, 2, 3, 4].map((n) => town.node(n));
    for (const [i, node] of nodes.entries()) {
      await node.start(i === 0 ? [] : ['n1']);
      await town.time.advance(5_000);
    }
    const [first] = nodes as [(typeof nodes)[number]];
    expect(first.closest(id16(2), 2).map((it) => it.id)).toEqual([id16(2), id16(3)]);
    expect([first.isRoutable(id16(4)), first.isRoutable(id16(9))]).toEqual([true, false]);
    expect(first.health).toMatchObject({ status: 'online', contacts: 3 });
    await Promise.all(nodes.map((it) => it.close()));
  });

  it('[X28] wall time that the clock did not count is a sleep, told to the node at the next wake', async () => {
    const clock = new HandClock();
    let ahead = 0;
    clock.wall = () => clock.time + ahead;
    const events: NodeEvent<Tiny>[] = [];
    const observer: Observer<Tiny, null, null> = (_, event) => void events.push(event);
    const node = coordinator(1, { transport: new LoggedTransport(), clock, observer });
    await node.start(['n2']);
    ahead = 4_000;
    clock.fire();
    ahead += 60_000;
    clock.fire();
    ahead -= 10_000;
    clock.fire();
    expect(events.filter((it) => it.type === 'clock-jumped')).toEqual([{ type: 'clock-jumped', ms: 60_000 }]);
    node.addressesChanged();
    expect(events.at(-1)).toEqual({ type: 'addresses-changed' });
    await node.close();
  });
});
