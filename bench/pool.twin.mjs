// A twin of the core's Pool and Query, written by hand with mutable objects, arrays, Maps and a heap: the same algorithm
// without structural sharing, as the yardstick of pool.bench.mjs. It takes the same events and gives the same effects. It
// knows only what that scenario needs: kinds `closest` and `collect`, seeds of known id, one path, no queue, no rates.
import { compareDistance } from '@xorrery/core';

const LANE = 131_072;
const GENERATION = 60_000;
/** @type {any} */
const NONE = Object.freeze([]);

const compareCandidates = (target, a, b) =>
  a.id === b.id
    ? a.endpoint < b.endpoint
      ? -1
      : a.endpoint > b.endpoint
        ? 1
        : 0
    : compareDistance(target, a.id, b.id);

const counts = (candidate) => candidate.status !== 'failed' && candidate.status !== 'silent';

/** How many of each network were let into the window; one for all lookups, cleared before each use. */
class Gate {
  taken = new Map();
  most = 0;

  open(most) {
    this.most = most;
    this.taken.clear();
  }

  admits(candidate) {
    if (!counts(candidate)) return false;
    const { network } = candidate;
    if (network === undefined) return true;
    const before = this.taken.get(network) ?? 0;
    if (before >= this.most) return false;
    this.taken.set(network, before + 1);
    return true;
  }
}

/** A binary heap of lookups by (due, lane); each knows its own place. */
export class Heap {
  items = [];

  get first() {
    return this.items[0];
  }

  add(item) {
    item.place = this.items.length;
    this.items.push(item);
    this.up(item);
  }

  moved(item) {
    this.up(item);
    this.down(item);
  }

  remove(item) {
    const last = this.items.pop();
    if (last === item) return;
    last.place = item.place;
    this.items[item.place] = last;
    this.moved(last);
  }

  up(item) {
    const { items } = this;
    while (item.place > 0) {
      const parent = items[(item.place - 1) >> 1];
      if (!isBefore(item, parent)) return;
      this.swap(item, parent);
    }
  }

  down(item) {
    const { items } = this;
    for (;;) {
      const left = items[2 * item.place + 1];
      const right = items[2 * item.place + 2];
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, item)) return;
      this.swap(item, child);
    }
  }

  swap(a, b) {
    const { place } = a;
    a.place = b.place;
    b.place = place;
    this.items[a.place] = a;
    this.items[b.place] = b;
  }
}

const isBefore = (a, b) => (a.due === b.due ? a.lane < b.lane : a.due < b.due);

class Lookup {
  constructor(pool, { id, config }, lane, now) {
    this.pool = pool;
    this.id = id;
    this.config = config;
    this.lane = lane;
    this.place = -1;
    this.due = 0;
    this.startedAt = now;
    this.candidates = [];
    this.known = new Set();
    this.open = [];
    this.firstRequest = lane * LANE;
    this.nextRequest = this.firstRequest;
    this.values = [];
    this.valueKeys = new Set();
    this.unproductive = 0;
    this.fruitless = 0;
    this.dropped = { candidates: 0, values: 0, unowed: 0 };
    this.ended = false;
  }

  /** One step: what it wants, in order. */
  advance(event, now) {
    const effects = [];
    this.expire(effects, now);
    const expired = now >= this.startedAt + this.config.deadline;
    if (!expired) this.absorb(effects, event);
    const ending = expired ? 'expired' : this.verdict();
    if (ending === undefined) this.fill(effects, now);
    else this.finish(effects, ending, now);
    return effects;
  }

  nextDeadline() {
    let next = this.startedAt + this.config.deadline;
    for (const request of this.open) next = Math.min(next, request.movesOnAt);
    return next;
  }

  expire(effects, now) {
    for (let i = 0; i < this.open.length; i++) {
      const request = this.open[i];
      if (request.movesOnAt > now) continue;
      if (request.phase === 'listening') {
        this.open.splice(i--, 1);
        effects.push({ type: 'abandon', request: request.request, to: request.candidate.endpoint });
      } else if (now >= request.deadline) {
        this.fallSilent(effects, request, now);
      } else {
        request.phase = 'slow';
        request.movesOnAt = request.deadline;
      }
    }
  }

  fallSilent(effects, request, now) {
    const { candidate } = request;
    candidate.status = 'silent';
    this.unproductive++;
    effects.push({ type: 'unanswered', request: request.request, to: seedOf(candidate) });
    request.phase = 'listening';
    request.movesOnAt = Math.max(now, request.sentAt + this.config.lateFor);
    let oldest;
    let silent = 0;
    for (const it of this.open) {
      if (it.phase !== 'listening') continue;
      oldest ??= it;
      silent++;
    }
    if (silent <= this.config.maxListening) return;
    this.close(oldest);
    effects.push({ type: 'abandon', request: oldest.request, to: oldest.candidate.endpoint });
  }

  close(request) {
    this.open.splice(this.open.indexOf(request), 1);
  }

  absorb(effects, event) {
    if (event.type === 'start') {
      this.introduce(event.seeds, 0, undefined);
      return;
    }
    if (event.type === 'tick') return;
    const request = this.open.find((it) => it.request === event.request);
    if (request === undefined) {
      this.dropped.unowed++;
      return;
    }
    if (event.type === 'response') this.takeAnswer(effects, request, event);
    else if (event.type === 'parked') {
      request.phase = 'parked';
      request.by = event.by;
      request.movesOnAt = Number.MAX_SAFE_INTEGER;
    } else if (event.type === 'unparked') request.phase = 'ready';
    else if (request.phase === 'listening') this.close(request);
    else this.settle(request, event.cause);
  }

  takeAnswer(effects, request, { from, answer }) {
    const { config } = this;
    const { candidate } = request;
    if (from === config.self) return this.settle(request, 'self');
    if (from !== candidate.id) return this.settle(request, 'wrong-id');
    const late = request.phase === 'listening';
    candidate.status = 'answered';
    candidate.late = late;
    candidate.token = answer.token;
    candidate.gave = config.kind !== 'closest' && answer.values.length > 0;
    this.close(request);
    const nearest = this.candidates[0];
    const learned = this.introduce(answer.contacts, candidate.hops + 1, candidate.endpoint);
    const values = config.kind === 'closest' ? [] : this.gather(answer.values);
    if (!late || learned.length > 0) this.noteProgress(learned, late);
    this.fruitless = this.candidates[0] === nearest ? this.fruitless + 1 : 0;
    const { hops, id, endpoint } = candidate;
    effects.push({ type: 'progressed', request: request.request, from: { id, endpoint }, late, hops, learned, values });
  }

  settle(request, cause) {
    const { candidate } = request;
    this.close(request);
    candidate.status = 'failed';
    candidate.cause = cause;
    if (request.phase !== 'listening') this.unproductive++;
  }

  introduce(contacts, hops, via) {
    const { config, candidates, known } = this;
    const newcomers = [];
    const learned = [];
    const take = Math.min(contacts.length, config.maxCandidates);
    for (let i = 0; i < take; i++) {
      const { id, endpoint, request: payload } = contacts[i];
      if (id === config.self || known.has(endpoint)) continue;
      known.add(endpoint);
      const network = this.pool.rules.groupOf(endpoint)?.network;
      newcomers.push(newCandidate(id, endpoint, hops, via, payload, network));
      learned.push({ id, endpoint });
    }
    if (newcomers.length === 0) return NONE;
    this.merge(newcomers);
    for (let i = candidates.length - 1; candidates.length > config.maxCandidates; i--) {
      if (candidates[i].status !== 'fresh') continue;
      known.delete(candidates[i].endpoint);
      candidates.splice(i, 1);
      this.dropped.candidates++;
    }
    return learned;
  }

  /** From the far end, so that each candidate moves at most once. */
  merge(newcomers) {
    const { candidates } = this;
    const { target } = this.config;
    newcomers.sort((a, b) => compareCandidates(target, a, b));
    let from = candidates.length - 1;
    let at = from + newcomers.length;
    for (let i = newcomers.length - 1; i >= 0; i--) {
      const newcomer = newcomers[i];
      let low = 0;
      let high = from + 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareCandidates(target, candidates[middle], newcomer) < 0) low = middle + 1;
        else high = middle;
      }
      while (from >= low) candidates[at--] = candidates[from--];
      candidates[at--] = newcomer;
    }
  }

  gather(values) {
    const fresh = [];
    for (const value of values) {
      if (this.valueKeys.has(value.key)) continue;
      if (this.values.length + fresh.length >= this.config.maxValues) {
        this.dropped.values++;
        continue;
      }
      this.valueKeys.add(value.key);
      fresh.push(value);
    }
    this.values.push(...fresh);
    return fresh;
  }

  noteProgress(learned, late) {
    const { target, k } = this.config;
    const gate = this.gate();
    let edge;
    let live = 0;
    for (const candidate of this.candidates) {
      if (!gate.admits(candidate)) continue;
      edge = candidate;
      if (++live === k) break;
    }
    let productive = false;
    for (const contact of learned) if (compareCandidates(target, contact, edge) <= 0) productive = true;
    if (productive) this.unproductive = 0;
    else if (!late) this.unproductive++;
  }

  gate() {
    this.pool.gate.open(this.config.maxPerNetwork);
    return this.pool.gate;
  }

  verdict() {
    const { k } = this.config;
    const gate = this.gate();
    let answered = 0;
    let waiting;
    for (const candidate of this.candidates) {
      if (!gate.admits(candidate)) continue;
      if (candidate.status === 'answered') {
        answered++;
        if (answered === k) return waiting === undefined || waiting.id === candidate.id ? 'converged' : undefined;
      } else {
        if (waiting !== undefined && waiting.id !== candidate.id) return undefined;
        waiting = candidate;
      }
    }
    return waiting === undefined ? 'exhausted' : undefined;
  }

  fill(effects, now) {
    const { alpha, k, stall } = this.config;
    const most = Math.max(alpha, k);
    const width = stall === 'widen' && this.unproductive >= alpha ? most : alpha;
    let prompt = 0;
    let inFlight = 0;
    let parked = 0;
    for (const request of this.open) {
      if (request.phase === 'listening') continue;
      if (request.phase === 'ready' || (request.phase === 'parked' && request.by === 'endpoint')) parked++;
      else {
        inFlight++;
        if (request.phase !== 'slow') prompt++;
      }
    }
    for (const request of this.open) {
      if (prompt >= width || inFlight >= most) return;
      if (request.phase !== 'ready') continue;
      this.send(effects, request, now);
      prompt++;
      inFlight++;
      parked--;
    }
    const gate = this.gate();
    let live = 0;
    for (let i = 0; live < k && i < this.candidates.length; i++) {
      if (prompt >= width || inFlight >= most || parked >= most) return;
      const candidate = this.candidates[i];
      if (!gate.admits(candidate)) continue;
      live++;
      if (candidate.status !== 'fresh') continue;
      candidate.status = 'asked';
      const request = newRequest(this.nextRequest++, candidate);
      this.open.push(request);
      this.send(effects, request, now);
      prompt++;
      inFlight++;
    }
  }

  send(effects, request, now) {
    const { config } = this;
    const { candidate } = request;
    request.phase = 'asked';
    request.sentAt = now;
    request.deadline = now + this.pool.timeoutOf(candidate.endpoint, config.requestTimeout);
    request.movesOnAt = Math.min(now + config.slowAfter, request.deadline);
    const payload = candidate.payload ?? config.request;
    effects.push({ type: 'send', request: request.request, to: seedOf(candidate), payload });
  }

  finish(effects, reason, now) {
    const report = this.report(reason, now);
    for (const { request, candidate } of this.open) effects.push({ type: 'abandon', request, to: candidate.endpoint });
    effects.push({ type: 'finished', report });
    this.ended = true;
  }

  report(reason, now) {
    const { kind, target, k } = this.config;
    const { candidates } = this;
    const answeredGate = this.gate();
    const answered = candidates.filter((it) => it.status === 'answered' && answeredGate.admits(it));
    const windowGate = this.gate();
    const window = candidates.filter((it) => windowGate.admits(it)).slice(0, k);
    const fresh = candidates.find((it) => it.status === 'fresh');
    const asked = candidates.filter((it) => it.status !== 'fresh');
    const tally = { requests: this.nextRequest - this.firstRequest, answered: 0, failed: 0, silent: 0, abandoned: 0 };
    let late = 0;
    for (const candidate of asked) {
      tally[candidate.status === 'asked' ? 'abandoned' : candidate.status]++;
      if (candidate.status === 'answered' && candidate.late) late++;
    }
    return {
      kind,
      target,
      reason,
      closest: answered.slice(0, k).map(({ id, endpoint }) => ({ id, endpoint })),
      values: this.values,
      asked: asked.map(outcomeOf),
      counts: { ...tally, late },
      evidence: {
        window: window.filter((it) => it.status === 'answered').length,
        ...(fresh === undefined ? undefined : { nearestFresh: { id: fresh.id, endpoint: fresh.endpoint } }),
        open: this.open.filter((it) => it.phase !== 'listening').length,
      },
      dropped: this.dropped,
      hops: answered[0]?.hops ?? 0,
      elapsed: now - this.startedAt,
    };
  }
}

const newCandidate = (id, endpoint, hops, via, payload, network) => ({
  id,
  endpoint,
  hops,
  via,
  payload,
  network,
  status: 'fresh',
  late: false,
  token: undefined,
  gave: false,
  cause: undefined,
});

const newRequest = (request, candidate) => ({
  request,
  candidate,
  phase: 'asked',
  by: '',
  sentAt: 0,
  deadline: 0,
  movesOnAt: 0,
});

const seedOf = ({ id, endpoint }) => ({ id, endpoint });

const outcomeOf = ({ id, endpoint, hops, via, status, cause, token, gave }) => ({
  id,
  endpoint,
  result: status === 'asked' ? 'abandoned' : status,
  hops,
  via,
  cause: status === 'failed' ? cause : undefined,
  token: status === 'answered' ? token : undefined,
  gave: status === 'answered' && gave,
});

export class PoolTwin {
  constructor(config, rules) {
    this.config = config;
    this.rules = rules;
    this.running = new Map();
    this.lanes = new Map();
    this.nextLane = 0;
    this.parked = [];
    /** Endpoints freed in this step while something was parked. */
    this.freed = [];
    /** By endpoint: the numbers of the requests in flight to it. */
    this.inFlight = new Map();
    this.flying = 0;
    this.roundTrips = undefined;
    this.recent = new Map();
    this.former = new Map();
    this.turnsAt = 0;
    this.unowed = 0;
    this.heap = new Heap();
    this.gate = new Gate();
  }

  nextDeadline() {
    return this.heap.first?.due;
  }

  advance(event, now) {
    const due = this.nextDeadline();
    if (event.type === 'tick' && (due === undefined || now < due)) return NONE;
    const effects = [];
    this.freed.length = 0;
    while (this.heap.first !== undefined && this.heap.first.due <= now) {
      this.step(effects, this.heap.first, { type: 'tick' }, now);
    }
    if (event.type === 'add') this.add(effects, event, now);
    else if (event.type === 'query') this.deliver(effects, event.event, now);
    if (this.freed.length > 0) this.release(effects, now);
    return effects;
  }

  add(effects, event, now) {
    if (this.lanes.has(event.id)) {
      effects.push({ type: 'rejected', id: event.id, reason: 'duplicate' });
      return;
    }
    if (this.running.size >= this.config.maxQueries) throw new Error('the twin has no queue');
    const lookup = new Lookup(this, event, this.nextLane++, now);
    this.running.set(lookup.lane, lookup);
    this.lanes.set(lookup.id, lookup.lane);
    this.heap.add(lookup);
    this.step(effects, lookup, { type: 'start', seeds: event.seeds }, now);
  }

  deliver(effects, event, now) {
    const lookup = this.running.get(Math.floor(event.request / LANE));
    if (lookup === undefined || this.parked.some((it) => it.effect.request === event.request)) {
      this.unowed++;
      return;
    }
    const open = lookup.open.find((it) => it.request === event.request);
    if (open !== undefined) {
      const { endpoint } = open.candidate;
      const mayAnswer = open.phase === 'asked' || open.phase === 'slow';
      if (event.type === 'response' && mayAnswer) this.measure(endpoint, now - open.sentAt, now);
      this.land(event.request, endpoint);
    }
    this.step(effects, lookup, event, now);
  }

  step(effects, lookup, event, now) {
    const events = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of lookup.advance(next, now)) {
        if (effect.type === 'send') {
          const by = this.obstacle(effect.to.endpoint);
          if (by !== undefined) {
            this.parked.push({ lookup, effect });
            events.push({ type: 'parked', request: effect.request, by });
            continue;
          }
          this.takeOff(effect);
        } else if (effect.type === 'unanswered') this.land(effect.request, effect.to.endpoint);
        else if (effect.type === 'abandon') {
          const at = this.parked.findIndex((it) => it.effect.request === effect.request);
          if (at >= 0) this.parked.splice(at, 1);
          const phase = lookup.open.find((it) => it.request === effect.request)?.phase;
          if (phase === 'parked' || phase === 'ready') continue;
          this.land(effect.request, effect.to);
        }
        effects.push({ type: 'query', id: lookup.id, effect });
      }
    }
    if (lookup.ended) {
      this.running.delete(lookup.lane);
      this.lanes.delete(lookup.id);
      this.heap.remove(lookup);
    } else {
      lookup.due = lookup.nextDeadline();
      this.heap.moved(lookup);
    }
  }

  /** What waits for an endpoint that was freed in this step; what is sent may end a lookup, which frees more. */
  release(effects, now) {
    const { freed } = this;
    for (let known = -1; known < freed.length; ) {
      known = freed.length;
      for (const parked of this.parked.slice()) {
        const { lookup, effect } = parked;
        if (!freed.includes(effect.to.endpoint) || this.obstacle(effect.to.endpoint) !== undefined) continue;
        const at = this.parked.indexOf(parked);
        if (at < 0) continue;
        this.parked.splice(at, 1);
        this.step(effects, lookup, { type: 'unparked', request: effect.request }, now);
      }
    }
  }

  obstacle(endpoint) {
    if ((this.inFlight.get(endpoint)?.length ?? 0) >= this.config.maxPerEndpoint) return 'endpoint';
    return this.flying >= this.config.maxInFlight ? 'pool' : undefined;
  }

  takeOff({ request, to }) {
    const there = this.inFlight.get(to.endpoint);
    if (there === undefined) this.inFlight.set(to.endpoint, [request]);
    else there.push(request);
    this.flying++;
  }

  land(request, endpoint) {
    const there = this.inFlight.get(endpoint);
    const at = there === undefined ? -1 : there.indexOf(request);
    if (at < 0) return;
    if (this.parked.length > 0) this.freed.push(endpoint);
    if (there.length === 1) this.inFlight.delete(endpoint);
    else there.splice(at, 1);
    this.flying--;
  }

  measure(endpoint, ms, now) {
    this.roundTrips = sampled(this.roundTrips, ms);
    const trips = sampled(this.recent.get(endpoint) ?? this.former.get(endpoint), ms);
    const isFull = this.recent.size >= this.config.maxRemembered >>> 1 && !this.recent.has(endpoint);
    if (now >= this.turnsAt || isFull) {
      this.former = now < this.turnsAt + GENERATION ? this.recent : new Map();
      this.recent = new Map();
      this.turnsAt = now + GENERATION;
    }
    this.recent.set(endpoint, trips);
  }

  timeoutOf(endpoint, otherwise) {
    const { min, max } = this.config.adaptiveTimeout;
    const trips = this.recent.get(endpoint) ?? this.former.get(endpoint) ?? this.roundTrips;
    if (trips === undefined) return otherwise;
    return Math.min(max, Math.max(min, Math.floor(trips.smoothed + 4 * trips.variation) + 1));
  }
}

/** Changes the estimate given, or makes one. */
const sampled = (trips, ms) => {
  if (trips === undefined) return { smoothed: ms, variation: ms / 2 };
  trips.variation = (3 * trips.variation + Math.abs(trips.smoothed - ms)) / 4;
  trips.smoothed = (7 * trips.smoothed + ms) / 8;
  return trips;
};
