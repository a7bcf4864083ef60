import { contactsOf } from '@xorrery/core';
import { MAINLINE_DEFAULTS, mainline } from '@xorrery/mainline';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyMachine, type Judge, machineFor, type NodeHeader, replay, shrink, type Trace } from '../src/index.ts';
import { mainlineNetwork, recorderFor, traceOf } from './network.ts';

let trace: Trace<NodeHeader>;
let machine: AnyMachine;

/** A node that has lived in a network of forty, looked for much, and been asked for more. */
beforeAll(async () => {
  const net = mainlineNetwork({
    query: { ...MAINLINE_DEFAULTS.query, k: 4 },
    storeSet: 6,
    replySize: 4,
    table: { ...MAINLINE_DEFAULTS.table, bucketPolicy: 'fixed', bucketSizes: [2] },
  });
  const { sink, recorder, ring } = recorderFor(mainline, { hashEvery: 200 });
  for (let i = 0; i < 25; i++) await net.grow();
  const node = await net.grow({ observer: recorder.observer });
  for (let i = 0; i < 14; i++) await net.grow();
  const living = () => net.nodes.filter((it) => it !== node && it.lifecycle !== 'closed');
  for (let i = 0; i < 12; i++) {
    const all = living();
    const [one, two, three] = [all[i], all[all.length - 1 - i], all[(i * 7) % all.length]];
    const infoHash = net.id();
    await net.time.until(Promise.all([one?.announce(infoHash, { port: 1_000 + i }), two?.findNode(net.id())]));
    await net.time.until(Promise.all([two?.findPeers(infoHash), three?.findPeers(infoHash)]));
    await net.time.until(Promise.all([i % 2 === 0 ? node.findNode(net.id()) : node.findPeers(infoHash)]));
    const known = node.contacts[i % node.contacts.length];
    if (i % 4 === 3) await all.find((it) => it.id === known?.id)?.close();
    await net.time.advance(i === 8 ? 1_800_000 : 60_000);
    ring();
  }
  await net.close();
  recorder.close();
  trace = await traceOf(sink.segments.join(''));
  machine = machineFor(trace.header, mainline);
});

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into
type Effect = { readonly type: string } & Readonly<Record<string, any>>;

const spoiling = (spoil: (effect: Effect, event: { type: string }) => unknown): AnyMachine => ({
  ...machine,
  advance(state, event, now) {
    const step = machine.advance(state, event, now);
    return { ...step, effects: step.effects.flatMap((it) => (spoil(it as never, event) ?? []) as never) };
  },
});

const isReply = (it: Effect, field: string): boolean =>
  it.type === 'transmit' &&
  (it.message as { type: string; reply?: object }).type === 'reply' &&
  field in ((it.message as { reply?: object }).reply ?? {});

/** Faults of a node, each planted where it shows late. */
const FAULTS: readonly (readonly [string, () => AnyMachine])[] = [
  ['tells nobody whom it knows', () => spoiling((it) => (isReply(it, 'nodes') ? [] : it))],
  [
    'forgets to say that a lookup has ended',
    () =>
      spoiling((it) =>
        it.type === 'query' &&
        (it.effect as { type: string }).type === 'finished' &&
        !`${it.id as string}`.includes(':')
          ? []
          : it,
      ),
  ],
  [
    'sends a request twice',
    () => spoiling((it, event) => (event.type === 'lookup' && it.type === 'transmit' ? [it, it] : it)),
  ],
  [
    'does not abandon what no longer matters',
    () => spoiling((it) => (it.type === 'query' && (it.effect as { type: string }).type === 'abandon' ? [] : it)),
  ],
  [
    'says that a contact was removed for another reason',
    () => spoiling((it) => (it.type === 'contact-removed' ? { ...it, reason: 'whim' } : it)),
  ],
  [
    'counts hops from one',
    () =>
      spoiling((it) => {
        const effect = it.effect as { type: string; hops: number } | undefined;
        return it.type === 'query' && effect?.type === 'progressed' && effect.hops > 1
          ? { ...it, effect: { ...effect, hops: effect.hops + 1 } }
          : it;
      }),
  ],
];

describe('a fault planted in a node with hundreds of events behind it', () => {
  it.each(FAULTS)('[X04] one that %s comes down to at most 20 events', async (_what, make) => {
    const broken = make();
    const before = (await replay(trace, broken)).divergence;
    expect(before).toBeDefined();
    const found = shrink(trace, broken, { defaults: MAINLINE_DEFAULTS });
    expect(found?.after).toBeLessThanOrEqual(20);
    const after = await replay(found?.trace as Trace, broken);
    expect(after.divergence).toMatchObject({ step: found?.after, at: before?.at });
  });

  const judges: readonly (readonly [string, Judge])[] = [
    [
      'somebody is silent',
      (_s, _e, effects) =>
        effects.some((it) => (it as { effect?: { type: string } }).effect?.type === 'unanswered')
          ? 'silent'
          : undefined,
    ],
    ['eight contacts are known', (state) => (contactsOf(state as never).length >= 8 ? 'eight' : undefined)],
    [
      'a lookup ends with three hops',
      (_s, _e, effects) =>
        effects.some((it) => ((it as { effect?: { report?: { hops: number } } }).effect?.report?.hops ?? 0) >= 2)
          ? 'hops'
          : undefined,
    ],
    [
      'somebody is told of others',
      (_s, _e, effects) => (effects.some((it) => isReply(it as never, 'nodes')) ? 'told' : undefined),
    ],
    [
      'a contact is removed',
      (_s, _e, effects) => (effects.some((it) => it.type === 'contact-removed') ? 'removed' : undefined),
    ],
  ];

  it.each(judges)('[X04] an invariant that breaks when %s comes down to few events', (_what, judge) => {
    const found = shrink(trace, machine, { judge, defaults: MAINLINE_DEFAULTS });
    expect(found?.minimal).toBe(true);
    expect(found?.after).toBeLessThanOrEqual(20);
  });
});
