/** A divergence for people: which step, what happened, and each effect that is not as recorded, expected and actual. */
import { firstDifference, sameJson } from './json.ts';
import type { Divergence } from './replay.ts';

/** Effects shown, and columns of one. */
const EFFECTS = 12;
const COLUMNS = 400;

/** Several lines, without a newline at the end. */
export function divergenceText({ step, at, event, expected, actual }: Divergence): string {
  const from = 'from' in event ? ` from ${String(event.from)}` : '';
  const lines = [`step ${step} at ${at} ms (${event.type}${from}) went another way`];
  if ('hash' in expected) {
    const got = 'hash' in actual ? actual.hash : 'none';
    return [
      ...lines,
      'all effects are as recorded, the state is not',
      `- state ${expected.hash}`,
      `+ state ${got}`,
    ].join('\n');
  }
  if ('error' in actual) return [...lines, `it threw: ${clipped(actual.error)}`, ...listed('-', expected)].join('\n');
  const others = actual as readonly unknown[];
  lines.push(`effects differ first at ${firstDifference(expected, others) || 'their number'}`);
  const shown: string[] = [];
  for (let i = 0; i < Math.max(expected.length, others.length); i++) {
    if (i < expected.length && i < others.length && sameJson(expected[i], others[i])) continue;
    shown.push(...listed('-', expected.slice(i, i + 1)), ...listed('+', others.slice(i, i + 1)));
  }
  const more = shown.length > EFFECTS ? [`  and ${shown.length - EFFECTS} more`] : [];
  return [...lines, ...shown.slice(0, EFFECTS), ...more].join('\n');
}

function listed(sign: string, effects: readonly unknown[]): string[] {
  return effects.map((it) => clipped(`${sign} ${JSON.stringify(it)}`));
}

function clipped(text: string): string {
  return text.length > COLUMNS ? `${text.slice(0, COLUMNS)}…` : text;
}
