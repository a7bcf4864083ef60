import { maps, type PersistentMap } from '@xorrery/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const {
  changes: changesOf,
  emptyMap,
  entries,
  entriesDue,
  firstDue,
  get,
  has,
  nextDue,
  remove,
  set,
  withoutFirst,
} = maps;

/** FNV-1a is easy to collide: found by search, these share all 32 bits of hash. */
const colliding = ['costarring', 'liquid'];

type Change = { readonly key: number | string; readonly due: number | undefined };
const key = fc.oneof(fc.nat(40), fc.constantFrom('a', 'b', ...colliding, 'declinate', 'macallums'));
const changes = fc.array(fc.record({ key, due: fc.option(fc.nat(50), { nil: undefined }) }), { maxLength: 120 });

describe('the persistent map', () => {
  it('what falls due together comes in one order: numbers first, by size, then texts', () => {
    let map = emptyMap<number>();
    for (const key of ['b', 10, 'a', 9, 'ab', -1]) map = set(map, key, 0, 5);
    map = set(map, 'late', 0, 6);
    map = set(map, 'soon', 0, 4);
    expect(entriesDue(map, 5).map((it) => it.key)).toEqual(['soon', -1, 9, 10, 'a', 'ab', 'b']);
    expect(entriesDue(map, 3)).toEqual([]);
  });

  it('behaves like a Map, and knows the earliest due time, after any sequence of changes', () => {
    fc.assert(
      fc.property(changes, (all: Change[]) => {
        const model = new Map<number | string, number>();
        let map = emptyMap<number>();
        for (const { key, due } of all) {
          if (due === undefined) {
            model.delete(key);
            map = remove(map, key);
          } else {
            model.set(key, due);
            map = set(map, key, due, due);
          }
          expect(map.size).toBe(model.size);
          expect(nextDue(map)).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
          const first = firstDue(map);
          expect(first?.due).toBe(nextDue(map));
          expect(withoutFirst(map)).toEqual(first === undefined ? map : remove(map, first.key));
        }
        for (const [key, value] of model) expect(get(map, key)).toBe(value);
        expect(new Map(entries(map).map((it) => [it.key, it.value]))).toEqual(model);
        expect(entriesDue(map, 25).map((it) => it.due)).toEqual(
          [...model.values()].filter((it) => it <= 25).sort((a, b) => a - b),
        );
      }),
    );
  });

  it('tells what leads from one version to another, as comparing all entries would', () => {
    fc.assert(
      fc.property(changes, changes, fc.boolean(), (first, then, apart) => {
        const apply = (map: PersistentMap<number>, all: Change[]) =>
          all.reduce((it, { key, due }) => (due === undefined ? remove(it, key) : set(it, key, due, due)), map);
        const before = apply(emptyMap(), first);
        // Made anew it shares nothing with the other, and is the same for all that.
        const after = apply(apart ? (JSON.parse(JSON.stringify(before)) as typeof before) : before, then);
        const told = changesOf(before, after);
        const isOther = (it: maps.Entry<number>) => get(before, it.key) !== it.value;
        expect(new Set(told.set.map((it) => it.key))).toEqual(
          new Set(
            entries(after)
              .filter(isOther)
              .map((it) => it.key),
          ),
        );
        expect(new Set(told.gone)).toEqual(
          new Set(
            entries(before)
              .map((it) => it.key)
              .filter((it) => !has(after, it)),
          ),
        );
        expect(told.set.length + told.gone.length).toBe(new Set([...told.set.map((it) => it.key), ...told.gone]).size);
      }),
    );
  });

  it('[F27] its shape depends on what it holds, not on the order in which that came', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key), fc.uniqueArray(key), (keys, others) => {
        const add = (order: readonly (number | string)[]) =>
          order.reduce((map, it) => set(map, it, it, 5), emptyMap<unknown>());
        const straight = add(keys);
        let detour = add([...others, ...[...keys].reverse()]);
        for (const other of others) if (!keys.includes(other)) detour = remove(detour, other);
        expect(detour).toEqual(straight);
      }),
    );
  });

  it('leaves older versions as they were', () => {
    const one = set(emptyMap<number>(), 'a', 1);
    const two = set(one, 'b', 2);
    const three = remove(two, 'a');
    expect(
      [one, two, three].map((map) =>
        entries(map)
          .map((it) => it.key)
          .sort(),
      ),
    ).toEqual([['a'], ['a', 'b'], ['b']]);
    expect(remove(one, 'zzz')).toBe(one);
  });

  it('[G06] survives structuredClone and JSON', () => {
    let map = emptyMap<number>();
    for (let i = 0; i < 200; i++) map = set(map, i, i, i % 7 === 0 ? maps.NEVER : i);
    expect(structuredClone(map)).toEqual(map);
    expect(JSON.parse(JSON.stringify(map))).toEqual(map);
    expect(get(JSON.parse(JSON.stringify(map)), 150)).toBe(150);
  });

  it('keys that share their whole hash are told apart', () => {
    let map = emptyMap<string>();
    for (const text of colliding) map = set(map, text, text, 3);
    expect(colliding.map((text) => get(map, text))).toEqual(colliding);
    map = remove(map, 'liquid');
    expect([has(map, 'liquid'), has(map, 'costarring'), map.size]).toEqual([false, true, 1]);
  });
});
