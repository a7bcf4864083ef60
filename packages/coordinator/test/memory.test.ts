import { type Inbox, MemoryRouter, TransportError, VirtualTime } from '@xorrery/coordinator';
import { describe, expect, it } from 'vitest';

const collecting = (into: string[]): Inbox<string> => ({
  received: (from, message) => void into.push(`${from} ${message}`),
  malformed: () => {},
  unsent: () => {},
});

describe('virtual time', () => {
  it('[G02] does what falls due in order of (time, arrival), and nothing before', async () => {
    const time = new VirtualTime(100);
    const done: string[] = [];
    time.schedule(20, () => done.push(`b ${time.now}`));
    time.schedule(10, () => done.push(`a ${time.now}`));
    time.schedule(20, () => done.push(`c ${time.now}`));
    const cancel = time.schedule(15, () => done.push('never'));
    cancel();
    await time.advance(19);
    expect([done, time.now]).toEqual([['a 110'], 119]);
    await time.advance(1);
    expect(done).toEqual(['a 110', 'b 120', 'c 120']);
  });

  it('its clock has one wake, and asking again replaces it', async () => {
    const time = new VirtualTime();
    const clock = time.clock();
    const woken: number[] = [];
    clock.wakeAt(10, () => woken.push(10));
    clock.wakeAt(20, () => woken.push(20));
    await time.advance(15);
    clock.wakeAt(undefined, () => woken.push(0));
    await time.advance(50);
    expect(woken).toEqual([]);
    clock.wakeAt(70, () => woken.push(clock.now()));
    await time.advance(50);
    expect(woken).toEqual([70]);
  });

  it('until: throws when the promise is open and nothing more can happen', async () => {
    const time = new VirtualTime();
    await expect(time.until(new Promise(() => {}))).rejects.toThrow('nothing more happens');
    const later = new Promise<number>((resolve) => time.schedule(500, () => resolve(time.now)));
    expect(await time.until(later)).toBe(500);
  });
});

describe('the in-process router', () => {
  it('[D10] carries messages between any endpoints, each a latency later, in order', async () => {
    const time = new VirtualTime();
    const router = new MemoryRouter<string, string>(
      time,
      (message, from, to, now) => `${message} (${from} to ${to} at ${now})`,
      5,
    );
    const heard: string[] = [];
    const [a, b] = [router.join('a'), router.join('b')];
    expect(await a.open(collecting([]))).toBe('a');
    await b.open(collecting(heard));
    a.send('b', 'one');
    a.send('b', 'two');
    a.send('nobody', 'three');
    expect(heard).toEqual([]);
    await time.advance(5);
    expect(heard).toEqual(['a one (a to b at 5)', 'a two (a to b at 5)']);
  });

  it('[D07] delivers nothing after close, and an endpoint can be taken again', async () => {
    const time = new VirtualTime();
    const router = new MemoryRouter<string, string>(time, (message) => message);
    const heard: string[] = [];
    const first = router.join('a');
    await first.open(collecting(heard));
    await expect(router.join('a').open(collecting([]))).rejects.toBeInstanceOf(TransportError);
    const second = router.join('b');
    await second.open(collecting([]));
    second.send('a', 'late');
    await first.close();
    await first.close();
    await time.advance(10);
    expect(heard).toEqual([]);
    await expect(router.join('a').open(collecting([]))).resolves.toBe('a');
  });
});
