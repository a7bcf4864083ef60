/** What must hold of a pool after every step: the limits on lookups and on requests, and books that agree. */
import {
  type Instant,
  maps,
  nextPoolDeadline,
  type PoolState,
  type Protocol,
  pathsOf,
  runningQueries,
} from '@xorrery/core';
import { checkQueryState } from './query-invariants.ts';
import { claim } from './violation.ts';

/** Checks a pool's state, and that of each lookup in it. Throws `ViolationError`. */
export function checkPoolState<P extends Protocol>(state: PoolState<P>, now: Instant): void {
  const { config, queue, parked, inFlight, flying, lanes } = state;
  const running = runningQueries(state);
  const paths = running.flatMap(({ query }) => pathsOf(query));
  for (const path of paths) checkQueryState(path, now);
  const deadline = nextPoolDeadline(state);
  claim(deadline === undefined || deadline > now, 'F02: the next deadline is later than now', () => [deadline, now]);
  claim(running.length <= config.maxQueries, `at most ${config.maxQueries} lookups run`, () => running.length);
  claim(queue.length <= config.maxQueued, `at most ${config.maxQueued} lookups wait`, () => queue.length);
  claim(lanes.size === running.length + queue.length, 'each lookup is known by its id', () => maps.entries(lanes));
  claim(flying <= config.maxInFlight, `G14: at most ${config.maxInFlight} in flight`, () => flying);
  for (const { key, value } of maps.entries(inFlight)) {
    claim(value.length <= config.maxPerEndpoint, `G14: at most ${config.maxPerEndpoint} to one endpoint`, () => key);
    claim(value.length > 0, 'F42: an endpoint with nothing open is forgotten', () => key);
  }
  const flights = maps.entries(inFlight).flatMap(({ value }) => value);
  claim(flights.length === flying, 'F42: the count of requests in flight is right', () => [flying, flights]);
  const open = paths.flatMap((path) => path.open);
  const sent = open.filter((it) => it.phase === 'asked' || it.phase === 'slow').map((it) => it.request);
  claim(
    sent.length === flights.length && flights.every((it) => sent.includes(it)),
    'G14: what is in flight is what the lookups have in flight',
    () => ({ sent, counted: flights }),
  );
  const waiting = open.filter((it) => it.phase === 'parked').map((it) => it.request);
  const kept = parked.map(({ effect }) => effect.request);
  claim(
    waiting.length === kept.length && kept.every((it) => waiting.includes(it)),
    'what is parked is what the lookups have parked',
    () => ({ waiting, kept }),
  );
  for (const { effect } of parked) {
    const full = flying >= config.maxInFlight;
    const busyThere = (maps.get(inFlight, effect.to.endpoint)?.length ?? 0) >= config.maxPerEndpoint;
    const overRate = state.releaseAt !== undefined;
    claim(full || busyThere || overRate, 'F37: nothing waits without an obstacle', () => effect.to);
  }
  if (queue.length > 0) claim(running.length === config.maxQueries, 'F05: nobody waits while there is room');
}
