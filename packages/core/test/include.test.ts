import { advanceInclude, DEFAULT_INCLUDE, type IncludeConfig, type IncludeEvent, initInclude } from '@xorrery/core';
import { describe, expect, it } from 'vitest';
import { node } from './support.ts';

class Vetting {
  state;

  constructor(changes: Partial<IncludeConfig> = {}) {
    this.state = initInclude({ ...DEFAULT_INCLUDE, ...changes });
  }

  step(event: IncludeEvent): string[] {
    const { state, effects } = advanceInclude(this.state, event, 0);
    this.state = state;
    return effects.map((it) => `check ${it.check} ${it.stranger.endpoint}`);
  }

  offer(n: number): string[] {
    return this.step({ type: 'candidate', stranger: node(n) });
  }

  done(check: number): string[] {
    return this.step({ type: 'check-passed', check });
  }
}

describe('include', () => {
  it('[Z05] checks a stranger at once, at most maxChecking together, and the rest in turn', () => {
    const vetting = new Vetting({ maxChecking: 2 });
    expect(vetting.offer(4)).toEqual(['check 0 n4']);
    expect(vetting.offer(8)).toEqual(['check 1 n8']);
    expect(vetting.offer(16)).toEqual([]);
    expect(vetting.done(0)).toEqual(['check 2 n16']);
  });

  it('[Z05] drops and counts whoever comes when the queue is full', () => {
    const vetting = new Vetting({ maxChecking: 1, maxQueued: 1 });
    for (const n of [1, 2, 3]) vetting.offer(n);
    expect(vetting.state).toMatchObject({ dropped: 1, queue: [node(2)] });
  });

  it('asks an endpoint that is checked or waits only once', () => {
    const vetting = new Vetting({ maxChecking: 1 });
    for (const n of [4, 4, 8, 8]) vetting.offer(n);
    expect(vetting.state.queue).toEqual([node(8)]);
    expect(vetting.done(77)).toEqual([]);
  });

  it('[F39] three who never answer do not wedge it: once their checks end, the fourth is checked', () => {
    const vetting = new Vetting({ maxChecking: 3 });
    for (const n of [1, 2, 3, 4]) vetting.offer(n);
    expect([0, 1, 2].flatMap((check) => vetting.done(check))).toEqual(['check 3 n4']);
  });

  it.each([
    ['maxQueued', { maxQueued: -1 }],
    ['maxChecking', { maxChecking: 0 }],
  ])('[Z14] a bad %s is a ConfigError that names it', (field, change) => {
    expect(() => new Vetting(change)).toThrow(`include.${field}`);
  });
});
