/**
 * The canonical view of a world: two worlds with equal views behave alike from here on, but for the numbers they give
 * things. Times are relative to now; requests are numbered anew in order of sending, within each lookup; packets are a
 * multiset; counters, transaction ids and unused entropy are left out.
 *
 * What it does not know it keeps as it is: a field that is added to a state later can only make it merge less.
 */
import { type Instant, maps, pathsOf, runningQueries } from '@xorrery/core';
import type { Said } from './carrier.ts';
import type { SmallNet } from './small-net.ts';
import type { Choice, Packet, World } from './world.ts';

/** Fields that hold an instant. Durations have other names, or lie in a `config`. */
const INSTANTS = new Set(['startedAt', 'sentAt', 'slowAt', 'deadline', 'until', 'expiresAt', 'sendLevel', 'releaseAt']);
/** Fields that hold the number of a request. */
const REQUESTS = new Set(['request']);
/** Counters, what follows from them, and what is the same in all worlds of a net. */
const LEFT_OUT = new Set([
  'config',
  'firstRequest',
  'nextRequest',
  'nextLane',
  'unowed',
  'shed',
  'dropped',
  'seeds',
  'lanes',
  'running',
  'inFlight',
  // Measured, but without effect while timeouts do not adapt.
  'roundTrips',
]);

/** Names of requests by number. */
type Names = Pick<ReadonlyMap<number, string>, 'get'>;

/** The view, in parts that worlds have in common more often than the whole: one for each lookup, one for the rest. */
export function partsOf(net: SmallNet, world: World): readonly string[] {
  const { now, pool, wire, packets, left, alive } = world;
  const names = namesOf(world);
  const lookups = runningQueries(pool);
  const flights = maps.entries(pool.inFlight).map(({ key, value }) => `${value.map((it) => names.get(it))}>${key}`);
  const open = maps.entries(wire.open).map(({ value }) => plain(value, now, names));
  const entropy = net.entropy === 'travels' ? `${wire.pool.length} ${wire.asking}` : '';
  return [
    ...lookups.map(({ id, priority, query }) => `${id} ${priority} ${plain(query, now, names)}`),
    `${plain(pool, now, names)}${flights.sort().join()}`,
    `${open.sort().join()}|${wire.held.map((it) => names.get(it.request)).join()}|${entropy}`,
    packets
      .map((it) => packetView(it, names))
      .sort()
      .join(),
    `${Object.values(left).join()} ${alive.join()}`,
  ];
}

/** The whole view. */
export function viewOf(net: SmallNet, world: World): string {
  return partsOf(net, world).join('\n');
}

/** What a choice is called in every world with this view: what worlds that were merged have in common. */
export function choiceView(world: World, choice: Choice): string {
  if ('packet' in choice) {
    const packet = world.packets.find((it) => it.serial === choice.packet);
    return `${choice.do} ${packet === undefined ? 'nothing' : packetView(packet, namesOf(world))}`;
  }
  return 'id' in choice ? `${choice.do} ${choice.id}` : choice.do;
}

/** What was said in a step, without the numbers of things. */
export function saidView(said: readonly Said[], now: Instant): string {
  const known = new Map<number, string>();
  const names: Names = {
    get: (request) => {
      if (!known.has(request)) known.set(request, `r${known.size}`);
      return known.get(request);
    },
  };
  const lines = said.flatMap(({ by, effect }) => {
    if (effect.type === 'entropy-needed') return [];
    if (effect.type === 'transmit') return [`wire transmit ${effect.to}`];
    return [`${by} ${plain(effect, now, names)}`];
  });
  return lines.join('\n');
}

/** Each open request, by its lookup and its place in the order of sending. */
function namesOf({ pool, wire }: World): Names {
  const names = new Map<number, string>();
  for (const { id, query } of runningQueries(pool)) {
    const open = pathsOf(query).flatMap((path) => path.open);
    const numbers = open.map((it) => it.request).sort((a, b) => a - b);
    for (const [i, number] of numbers.entries()) names.set(number, `${id}${i}`);
  }
  // Requests that the wire alone knows are a fault; they are kept apart, so that the fault is not merged away.
  for (const { value } of maps.entries(wire.open)) {
    if (!names.has(value.request)) names.set(value.request, `?${value.request}`);
  }
  return names;
}

/** A packet whose request is over is as good as any other such from there. */
function packetView(packet: Packet, names: Names): string {
  if (packet.kind === 'entropy') return `entropy ${packet.bytes}`;
  return `${packet.kind} ${packet.endpoint} ${names.get(packet.request) ?? 'over'}`;
}

function plain(value: unknown, now: Instant, names: Names): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return list(value, now, names);
  if ('bitmap' in value && 'slots' in value) {
    return plain(
      maps.entries(value as Parameters<typeof maps.entries>[0]).map((it) => [it.key, it.value]),
      now,
      names,
    );
  }
  let text = '{';
  for (const key in value) {
    const it: unknown = value[key as keyof typeof value];
    if (it === undefined || LEFT_OUT.has(key)) continue;
    if (INSTANTS.has(key) && typeof it === 'number') text += `${key}@${it === maps.NEVER ? 'never' : it - now},`;
    else if (REQUESTS.has(key) && typeof it === 'number') text += `${names.get(it) ?? 'over'},`;
    else text += `${key}:${plain(it, now, names)},`;
  }
  return `${text}}`;
}

function list(values: readonly unknown[], now: Instant, names: Names): string {
  let text = '[';
  for (const value of values) text += `${plain(value, now, names)},`;
  return `${text}]`;
}
