/**
 * The short texts in which scenarios and the command line say what a network is like: `uniform:20,200`, `exp:15m`,
 * `sybil:0.1,liar:0.05`. Each reads to data; what is wrong with a text is said in one line. It refuses to: default.
 */
import { ConfigError, type Instant } from '@xorrery/core';
import { type Duration, fixed, lognormal, uniform, weibull } from './distribution.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Beyond this, in ms, nothing is simulated: a hundred days. */
const LONGEST = 100 * 24 * 3_600_000;

/** A duration such as `500ms`, `30s`, `15m`, `2h`, in ms. Throws `ConfigError` naming `field`. */
export function parseDuration(field: string, text: string): Instant {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.floor(Number(digits) * (UNITS[unit] ?? Number.NaN) + 0.5);
  if (!(ms >= 1 && ms <= LONGEST)) {
    throw new ConfigError(field, `want a duration such as 500ms, 30s, 15m or 2h, got '${shown(text)}'`);
  }
  return ms;
}

/** `fixed:MS`, `uniform:LO,HI` or `lognormal:MEDIAN_MS,SIGMA`. Throws `ConfigError` naming `field`. */
export function parseLatency(field: string, text: string): Duration {
  const { kind, parts } = split(text);
  const [a, b] = parts.map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : Number.NaN)) as [number, number];
  const isMs = (value: number): boolean => Number.isInteger(value) && value <= LONGEST;
  if (kind === 'fixed' && parts.length === 1 && isMs(a)) return fixed(a);
  if (kind === 'uniform' && parts.length === 2 && isMs(a) && isMs(b) && a <= b) return uniform(a, b);
  if (kind === 'lognormal' && parts.length === 2 && a > 0 && a <= 60_000 && b >= 0 && b <= 3) return lognormal(a, b);
  throw new ConfigError(
    field,
    `want fixed:MS, uniform:LO,HI or lognormal:MEDIAN_MS,SIGMA (sigma up to 3), got '${shown(text)}'`,
  );
}

/** How long sessions last: `draw`, and their mean in ms. */
export interface Sessions {
  readonly draw: Duration;
  readonly mean: Instant;
}

/** `exp:MEAN` or `weibull:SHAPE,MEAN`. Throws `ConfigError` naming `field`. */
export function parseSessions(field: string, text: string): Sessions {
  const { kind, parts } = split(text);
  const duration = parts.at(-1) ?? '';
  if (kind === 'exp' && parts.length === 1) {
    const mean = parseDuration(field, duration);
    return { draw: weibull(1, mean), mean };
  }
  const shape = /^\d+(\.\d+)?$/.test(parts[0] ?? '') ? Number(parts[0]) : Number.NaN;
  if (kind === 'weibull' && parts.length === 2 && shape >= 0.2 && shape <= 10) {
    const mean = parseDuration(field, duration);
    return { draw: weibull(shape, mean), mean };
  }
  throw new ConfigError(field, `want exp:MEAN or weibull:SHAPE,MEAN (shape 0.2 to 10), got '${shown(text)}'`);
}

export const ADVERSARIES = [
  'sybil',
  'eclipse',
  'poison',
  'liar',
  'spoof',
  'token-thief',
  'slow-loris',
  'id-changer',
  'flood',
  'spoofed-flood',
  'reflection',
] as const;

export type AdversaryKind = (typeof ADVERSARIES)[number];

/** `KIND:SHARE[,KIND:SHARE]`: of all nodes, how many are of each kind. Throws `ConfigError` naming `field`. */
export function parseAdversaries(field: string, text: string): ReadonlyMap<AdversaryKind, number> {
  const shares = new Map<AdversaryKind, number>();
  let sum = 0;
  for (const part of text.split(',')) {
    const [, kind = '', digits = ''] = /^([a-z-]+):(\d+(?:\.\d+)?)$/.exec(part) ?? [];
    if (!ADVERSARIES.includes(kind as AdversaryKind)) {
      throw new ConfigError(field, `want KIND:SHARE with a kind of ${ADVERSARIES.join(', ')}, got '${shown(part)}'`);
    }
    if (shares.has(kind as AdversaryKind)) throw new ConfigError(field, `names ${kind} twice`);
    shares.set(kind as AdversaryKind, Number(digits));
    sum += Number(digits);
  }
  if (sum > 0.9) throw new ConfigError(field, `shares must be at most 0.9 together, got ${sum}`);
  return shares;
}

function split(text: string): { readonly kind: string; readonly parts: readonly string[] } {
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: text, parts: [] };
  return { kind: text.slice(0, colon), parts: text.slice(colon + 1).split(',') };
}

function shown(text: string): string {
  return text.slice(0, 80);
}
