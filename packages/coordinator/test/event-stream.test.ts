/** The event stream by itself: bounded for each reader, honest about what was dropped, and ends are never dropped. */
import { type Envelope, EventStream, type Lagged, type Subscription } from '@xorrery/coordinator';
import { describe, expect, it } from 'vitest';

const progress: Envelope = { terminal: false };
const of = (operation: string, terminal = false): Envelope => ({ operation, terminal });

/** All that a reader holds or gets until its end. */
const rest = async <E>(subscription: Subscription<E>): Promise<(E | Lagged)[]> => {
  const items: (E | Lagged)[] = [];
  for await (const item of subscription) items.push(item);
  return items;
};

describe('a reader', () => {
  it('gets what is published after it came, in order, and each its own', async () => {
    const stream = new EventStream<number>();
    stream.publish(0, progress);
    const early = stream.subscribe();
    stream.publish(1, progress);
    const late = stream.subscribe();
    stream.publish(2, progress);
    stream.close();
    expect(await rest(early)).toEqual([1, 2]);
    expect(await rest(late)).toEqual([2]);
  });

  it('may wait before anything is published, more than once', async () => {
    const stream = new EventStream<number>();
    const reader = stream.subscribe();
    const waiting = [reader.next(), reader.next(), reader.next()];
    stream.publish(1, progress);
    stream.publish(2, progress);
    stream.close();
    expect(await Promise.all(waiting)).toEqual([
      { value: 1, done: false },
      { value: 2, done: false },
      { value: undefined, done: true },
    ]);
  });

  it('that is slow loses progress beyond its limit, and is told how much and where', async () => {
    const stream = new EventStream<number>();
    const reader = stream.subscribe({ limit: 3 });
    for (let i = 0; i < 10; i++) stream.publish(i, progress);
    expect((await reader.next()).value).toBe(0);
    stream.publish(10, progress);
    stream.publish(11, progress);
    stream.close();
    expect(await rest(reader)).toEqual([1, 2, { type: 'lagged', missed: 7 }, 10, { type: 'lagged', missed: 1 }]);
  });

  it('[F17] that never reads still finds the end of every operation, however late it begins', async () => {
    const stream = new EventStream<string>();
    const reader = stream.subscribe({ limit: 2 });
    for (let i = 0; i < 500; i++) {
      for (let j = 0; j < 5; j++) stream.publish(`op${i} goes on`, of(`op${i}`));
      stream.publish(`op${i} ends`, of(`op${i}`, true));
    }
    stream.close();
    const items = await rest(reader);
    expect(items.filter((it) => typeof it === 'string' && it.endsWith('ends'))).toHaveLength(500);
    const missed = items.reduce((sum, it) => sum + (typeof it === 'string' ? 0 : it.missed), 0);
    expect(missed).toBe(500 * 5 - 2);
    expect(items.length).toBeLessThanOrEqual(2 + 2 * 500 + 1);
  });

  it('[U02] lets no further operation begin once it has left too many ends unread', () => {
    const stream = new EventStream<number>();
    const reader = stream.subscribe();
    for (let i = 0; i < 1_023; i++) stream.publish(i, of(`op${i}`, true));
    expect(stream.hasRoomForEnd(0)).toBe(true);
    expect(stream.hasRoomForEnd(1)).toBe(false);
    reader.close();
    expect(stream.hasRoomForEnd(1_000)).toBe(true);
  });

  it('of one operation gets its events alone, and ends after its end', async () => {
    const stream = new EventStream<string>();
    const reader = stream.subscribe({ operation: 'a' });
    stream.publish('a1', of('a'));
    stream.publish('b1', of('b'));
    stream.publish('x', progress);
    stream.publish('a2', of('a', true));
    stream.publish('a3', of('a'));
    expect(await rest(reader)).toEqual(['a1', 'a2']);
    expect(stream.readers).toBe(0);
  });

  it('that leaves its loop is forgotten, and costs nothing after', async () => {
    const stream = new EventStream<number>();
    for (const options of [{}, { operation: 'a' }]) {
      const reader = stream.subscribe(options);
      stream.publish(1, of('a'));
      expect(stream.readers).toBe(1);
      for await (const item of reader) {
        expect(item).toBe(1);
        break;
      }
      expect(stream.readers).toBe(0);
      stream.publish(2, of('a'));
      expect(await reader.next()).toEqual({ value: undefined, done: true });
    }
  });

  it('that closes while it waits is told the end', async () => {
    const reader = new EventStream<number>().subscribe();
    const waiting = reader.next();
    reader.close();
    expect((await waiting).done).toBe(true);
  });

  it('that comes after the end gets nothing, and does not hang', async () => {
    const stream = new EventStream<number>();
    stream.close();
    expect(await rest(stream.subscribe())).toEqual([]);
    expect(await rest(stream.subscribe({ operation: 'a' }))).toEqual([]);
  });
});
