/** Between Routing and the rest of the node: its checks and lookups are carried out, and what came of them is told. */
import { idInBucket } from '../id.ts';
import type { Protocol } from '../message.ts';
import type { QueryReport, Seed } from '../query/types.ts';
import { nextId } from '../random.ts';
import { advanceRouting } from '../routing/routing.ts';
import type { Check, Lookup, RoutingEffect, RoutingEvent } from '../routing/types.ts';
import { beginWaiting } from './operations.ts';
import { isLost, NO_OUTCOMES, withOutcome } from './outcomes.ts';
import { tellSchedule } from './publishing.ts';
import { addAsk, addLookup, isBlocked, type Turn } from './turn.ts';

/** Sleeping longer than this, a node may wake up among strangers: it joins again (J79). */
const LONG_SLEEP = 900_000;
const SAMPLE = 8;

export function tellRouting<P extends Protocol, C, S>(turn: Turn<P, C, S>, event: RoutingEvent): void {
  if (turn.state.phase === 'closed') return;
  const prefers = turn.state.config.unfitIds === 'any' ? undefined : turn.profile.ids?.fits;
  const step = advanceRouting(turn.state.routing, event, turn.now, turn.rules.groupOf, prefers);
  turn.state.routing = step.state;
  for (const effect of step.effects) perform(turn, effect);
  beginWaiting(turn);
}

/** A check or a lookup of Routing's has ended; `id` says which. */
export function concludeUpkeep<P extends Protocol, C, S>(
  turn: Turn<P, C, S>,
  owner: string,
  id: string,
  report: QueryReport<P> | undefined,
): void {
  if (owner === 'check') {
    const [by, number] = id.split('-') as [Check['by'], string];
    const passed = report !== undefined && report.closest.length > 0;
    tellRouting(turn, { type: 'checked', check: { by, number: Number(number) }, passed });
  } else if (owner === 'join' || owner === 'refresh') {
    tellRouting(turn, { type: 'lookup-ended', lookup: lookupOf(owner, id) });
  }
}

/** One more request has been answered, or not; when nearly none are, we begin anew. */
export function noteOutcome<P extends Protocol, C, S>(turn: Turn<P, C, S>, answered: boolean): void {
  const recent = withOutcome(turn.state.recent, answered);
  const lost = !answered && isLost(recent);
  turn.state.recent = lost ? NO_OUTCOMES : recent;
  if (lost) tellRouting(turn, { type: 'lost' });
}

/** The host slept for `ms`: lifetimes have gone on, and whoever we knew may be gone. */
export function wakeUp<P extends Protocol, C, S>(turn: Turn<P, C, S>, ms: number): void {
  if (ms <= 0) return;
  const { state, profile } = turn;
  state.server = profile.server.slept(state.server, ms);
  const rejoin = ms >= LONG_SLEEP;
  tellRouting(turn, { type: 'unsettled', sample: rejoin ? 2 * SAMPLE : SAMPLE, rejoin });
}

/** Whether others still reach us, and we them, has to be found out again. */
export function startOver<P extends Protocol, C, S>(turn: Turn<P, C, S>): void {
  tellRouting(turn, { type: 'unsettled', sample: SAMPLE, rejoin: true });
}

function perform<P extends Protocol, C, S>(turn: Turn<P, C, S>, effect: RoutingEffect): void {
  switch (effect.type) {
    case 'check': {
      const { check, whom } = effect;
      return addAsk(turn, `check:${check.by}-${check.number}`, 'background', {
        seeds: [whom],
        request: turn.profile.ping,
      });
    }
    case 'look':
      return look(turn, effect.lookup, effect.withSeeds);
    case 'greet': {
      const settings = { alpha: Math.max(1, effect.whom.length) };
      return addAsk(turn, 'join:greeting', 'background', {
        seeds: effect.whom,
        request: turn.profile.ping,
        settings,
      });
    }
    case 'contact-added':
    case 'contact-removed':
    case 'refreshed':
      turn.effects.push(effect);
      return;
    case 'join-finished':
      turn.effects.push(effect);
      if (effect.outcome === 'joined') tellSchedule(turn, { type: 'joined' });
  }
}

type Wanted = Extract<RoutingEffect, { type: 'look' }>['lookup'];

function look<P extends Protocol, C, S>(turn: Turn<P, C, S>, lookup: Wanted, withSeeds: boolean): void {
  const { state, profile } = turn;
  const { self } = state.config;
  let target = self;
  if (lookup.for !== 'self') {
    const [filler, random] = nextId(state.random, profile.idBits);
    state.random = random;
    target = idInBucket(self, lookup.depth, filler);
  }
  const seeds: Seed<P>[] = [];
  if (lookup.for === 'self' && withSeeds) {
    for (const endpoint of state.seeds) if (!isBlocked(turn, endpoint)) seeds.push({ endpoint });
  }
  const id = idOf(lookup, state.joins);
  state.joins++;
  addLookup(turn, id, 'background', { kind: 'closest', target, request: profile.findNode(target) }, seeds);
}

function idOf(lookup: Wanted, serial: number): string {
  if (lookup.for === 'refresh') return `refresh:${lookup.depth}-${lookup.number}`;
  return lookup.for === 'self' ? `join:self-${serial}` : `join:${lookup.depth}-${serial}`;
}

function lookupOf(owner: 'join' | 'refresh', id: string): Lookup {
  const [depth, number] = id.split('-') as [string, string];
  if (owner === 'refresh') return { for: 'refresh', depth: Number(depth), number: Number(number) };
  if (depth === 'greeting') return { for: 'greeting' };
  return depth === 'self' ? { for: 'self' } : { for: 'bucket', depth: Number(depth) };
}
