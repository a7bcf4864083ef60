/** Every setting of a node but those of its lookups, which law.test.ts has: refused when out of range, never idle. */
import { ConfigError, DEFAULT_NODE } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { machine, nodeConfig } from './network.ts';
import { IDENTITY } from './settings/identity.ts';
import { NODE } from './settings/node.ts';
import { ROUTING } from './settings/routing.ts';
import { TABLE } from './settings/table.ts';
import { TRAFFIC } from './settings/traffic.ts';

const SETTINGS = { ...TABLE, ...ROUTING, ...TRAFFIC, ...IDENTITY, ...NODE };
const GROUPS = ['wire', 'pool', 'table', 'bootstrap', 'include', 'probe', 'refresh', 'publish', 'responder', 'votes'];

/** The settings by the names that errors give them, of a node that has every one. */
const names = (): string[] => {
  const caps = { hostInBucket: 1, hostInTable: 1, networkInBucket: 1, networkInTable: 1 };
  const { query: _, ...rest } = { ...DEFAULT_NODE, table: { ...DEFAULT_NODE.table, caps } };
  const found: string[] = [];
  for (const [key, value] of Object.entries(rest)) {
    const isGroup = GROUPS.includes(key);
    if (!isGroup) found.push(`node.${key}`);
    for (const [name, part] of isGroup ? Object.entries(value) : []) {
      const isNested = name === 'limiter' || name === 'checks';
      if (!isNested) found.push(`${key}.${name}`);
      const inner = isNested || name === 'caps' ? Object.keys(part) : [];
      found.push(...inner.map((it) => `${key}.${name}.${it}`));
    }
  }
  return found;
};

/** The configuration with one value put in its place. */
const configWith = (name: string, value: unknown) => {
  const path = name.replace(/^node\./, '').split('.');
  const put = (into: object, [key, ...more]: readonly string[]): object => {
    const inner: unknown = (into as Record<string, unknown>)[key as string];
    const open = typeof inner === 'object' && inner !== null ? inner : { ...ONE_EACH };
    return { ...into, [key as string]: more.length === 0 ? value : put(open, more) };
  };
  return put(nodeConfig(4), path) as ReturnType<typeof nodeConfig>;
};
const ONE_EACH = { hostInBucket: 1, hostInTable: 1, networkInBucket: 1, networkInTable: 1 };

describe('settings', () => {
  it('[F07][Z14] a setting that is added must be given values it refuses, and proof that it matters', () => {
    expect(Object.keys(SETTINGS).sort()).toEqual(names().sort());
    for (const [name, { bad, shows }] of Object.entries(SETTINGS)) {
      expect(bad.length, name).toBeGreaterThan(0);
      expect(shows.length, name).toBeGreaterThan(1);
    }
  });

  it.each(Object.entries(SETTINGS))('[Z14] %s out of range is a ConfigError that names it', (name, { bad }) => {
    for (const value of bad) {
      const make = (): unknown => machine.init(configWith(name, value));
      expect(make, JSON.stringify(value)).toThrow(ConfigError);
      expect(make).toThrow(name);
    }
  });

  it.each(Object.entries(SETTINGS))('[F07][Z14] %s changes what is done', (_, { story, shows }) => {
    const outcomes = shows.map(([value]) => story(value as never));
    expect(outcomes).toEqual(shows.map(([, outcome]) => outcome));
  });

  it.each([
    ['node.self', { self: 'zz' as never }],
    ['node.seed', { seed: -1 }],
  ])('[Z14] %s out of range is a ConfigError that names it', (name, change) => {
    expect(() => machine.init(nodeConfig(4, change))).toThrow(name);
  });
});
