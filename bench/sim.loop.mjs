// Lookups in a static network and nothing else: no nodes, no messages, no generality, on typed arrays. A yardstick for
// what a simulator could do at best; the simulator beside it runs whole production nodes. Distances are compared by
// their first 32 bits, which tell apart the nodes of any network that fits here.

const RING = 8_192;
const [FRESH, ASKED, ANSWERED, SILENT] = [0, 1, 2, 3];
const MOST = 128;

/**
 * @param {{ ids: string[], bucketsOf: (node: number) => number[][], lookups: number, k: number, alpha: number,
 *   spacing: number, latency: [number, number], loss: number, timeout: number, random: () => number }} options
 * `random`: from 0 to below 1.
 */
export function runLoop({ ids, bucketsOf, lookups, k, alpha, spacing, latency, loss, timeout, random }) {
  const n = ids.length;
  const high = Uint32Array.from(ids, (id) => Number.parseInt(id.slice(0, 8), 16));

  const depths = new Uint32Array(33 * n);
  /** @type {number[]} */
  const flat = [];
  for (let node = 0; node < n; node++) {
    const buckets = bucketsOf(node);
    for (let depth = 0; depth <= 32; depth++) {
      depths[33 * node + depth] = flat.length;
      for (const member of depth < 32 ? (buckets[depth] ?? []) : []) flat.push(member);
    }
  }
  const table = Uint32Array.from(flat);

  /** @type {number[][]} */
  const ring = Array.from({ length: RING }, () => []);
  const near = new Uint32Array(k);
  const nearHigh = new Uint32Array(k);
  let found = 0;
  let messages = 0;
  let exact = 0;
  let done = 0;

  /** The k members of a table nearest to a target, in order. @param {number} node @param {number} h */
  const closest = (node, h) => {
    found = 0;
    const apart = ((high[node] ?? 0) ^ h) >>> 0;
    const shared = Math.min(31, Math.clz32(apart));
    take(node, shared, h);
    for (let i = shared + 1; i < 32 && found < k; i++) if ((apart >>> (31 - i)) & 1) take(node, i, h);
    for (let i = 31; i > shared && found < k; i--) if (!((apart >>> (31 - i)) & 1)) take(node, i, h);
    for (let i = shared - 1; i >= 0 && found < k; i--) take(node, i, h);
  };
  /** @param {number} node @param {number} depth @param {number} h */
  const take = (node, depth, h) => {
    const end = depths[33 * node + depth + 1] ?? 0;
    const base = found;
    for (let i = depths[33 * node + depth] ?? 0; i < end; i++) {
      const member = table[i] ?? 0;
      const d = ((high[member] ?? 0) ^ h) >>> 0;
      let at = found;
      while (at > base && d < (nearHigh[at - 1] ?? 0)) at--;
      if (at >= k) continue;
      const last = found < k ? found++ : k - 1;
      for (let j = last; j > at; j--) {
        near[j] = near[j - 1] ?? 0;
        nearHigh[j] = nearHigh[j - 1] ?? 0;
      }
      near[at] = member;
      nearHigh[at] = d;
    }
  };

  /** @typedef {{ h: number, self: number, size: number, out: number, over: boolean, nodes: Int32Array,
   *    far: Uint32Array, status: Uint8Array }} Lookup */
  /** @param {Lookup} it */
  const learn = (it) => {
    for (let i = 0; i < found; i++) {
      const node = near[i] ?? 0;
      const d = nearHigh[i] ?? 0;
      if (node === it.self || it.size === MOST) continue;
      let at = it.size;
      while (at > 0 && d < (it.far[at - 1] ?? 0)) at--;
      let known = false;
      for (let j = at - 1; j >= 0 && it.far[j] === d; j--) known ||= it.nodes[j] === node;
      if (known) continue;
      for (let j = it.size; j > at; j--) {
        it.nodes[j] = it.nodes[j - 1] ?? 0;
        it.far[j] = it.far[j - 1] ?? 0;
        it.status[j] = it.status[j - 1] ?? 0;
      }
      it.nodes[at] = node;
      it.far[at] = d;
      it.status[at] = FRESH;
      it.size++;
    }
  };
  let now = 0;
  /** @type {Lookup[]} */
  const all = [];
  const delay = () => (latency[0] + Math.floor(random() * (latency[1] - latency[0] + 1))) | 0;
  /** Fills free slots, or ends. @param {number} number @param {Lookup} it */
  const proceed = (number, it) => {
    let live = 0;
    let waiting = 0;
    for (let i = 0; i < it.size && live < k; i++) {
      const status = it.status[i];
      if (status === SILENT) continue;
      live++;
      if (status !== ANSWERED) waiting++;
      if (status !== FRESH || it.out >= alpha) continue;
      it.status[i] = ASKED;
      it.out++;
      messages++;
      const node = it.nodes[i] ?? 0;
      const isLost = random() < loss || random() < loss;
      const at = now + (isLost ? timeout : delay() + delay());
      ring[at & (RING - 1)]?.push(number, isLost ? ~node : node);
    }
    if (waiting > 0) return;
    it.over = true;
    done++;
    if (it.size >= k) exact++;
  };

  let begun = 0;
  for (; done < lookups; now++) {
    if (begun < lookups && now % spacing === 0) {
      const self = Math.floor(random() * n);
      const it = {
        h: Math.floor(random() * 4_294_967_296) >>> 0,
        self,
        size: 0,
        out: 0,
        over: false,
        nodes: new Int32Array(MOST),
        far: new Uint32Array(MOST),
        status: new Uint8Array(MOST),
      };
      all[begun] = it;
      closest(self, it.h);
      learn(it);
      proceed(begun++, it);
    }
    const due = ring[now & (RING - 1)] ?? [];
    for (let i = 0; i < due.length; i += 2) {
      const number = due[i] ?? 0;
      const code = due[i + 1] ?? 0;
      const it = /** @type {Lookup} */ (all[number]);
      if (it.over) continue;
      const node = code < 0 ? ~code : code;
      it.out--;
      let at = 0;
      while (it.nodes[at] !== node) at++;
      it.status[at] = code < 0 ? SILENT : ANSWERED;
      if (code >= 0) {
        closest(node, it.h);
        learn(it);
      }
      proceed(number, it);
    }
    due.length = 0;
  }
  return { messages: messages / lookups, exact: exact / lookups, ms: now };
}
