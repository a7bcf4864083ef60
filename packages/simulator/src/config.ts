/** The configuration of simulated nodes: the protocol's own, what a scenario's tables ask for, and its overrides. */
import { ConfigError, type NodeSettings } from '@xorrery/core';
import type { AnyProtocol } from './protocol.ts';
import type { Scenario } from './scenario.ts';

const MONTH = 30 * 24 * 3_600_000;

/** The configuration that all nodes share. Throws `ConfigError` where an override has no place in it. */
export function settingsFor(scenario: Scenario, protocol: AnyProtocol): NodeSettings<unknown> {
  const { k, alpha, tables, config } = scenario;
  for (const key of ['self', 'seed']) {
    if (Object.hasOwn(config, key)) throw new ConfigError(`scenario.config.${key}`, 'is given by the simulation');
  }
  const own: NodeSettings<unknown> = protocol.settingsOf(k, alpha);
  const base = tables === 'full' ? unattended(own, k) : own;
  return Object.keys(config).length === 0 ? base : overridden(base, config, 'scenario.config');
}

/** Fixed buckets, no caps, and nothing that nodes do on their own account within a month. */
function unattended(config: NodeSettings<unknown>, k: number): NodeSettings<unknown> {
  return {
    ...config,
    query: { ...config.query, maxPerNetwork: 'off' },
    table: { bucketPolicy: 'fixed', bucketSizes: [k], replacements: 0, maxFailures: 2, caps: 'off' },
    probe: { ...config.probe, questionableAfter: MONTH, contestedAfter: MONTH },
    refresh: { ...config.refresh, interval: MONTH },
  };
}

function overridden<T extends object>(base: T, by: object, field: string): T {
  const merged = { ...base } as Record<string, unknown>;
  for (const [key, value] of Object.entries(by)) {
    if (!Object.hasOwn(merged, key)) throw new ConfigError(`${field}.${key.slice(0, 40)}`, 'is no setting of a node');
    const before = merged[key];
    merged[key] = isPlain(before) && isPlain(value) ? overridden(before, value, `${field}.${key}`) : value;
  }
  return merged as unknown as T;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
