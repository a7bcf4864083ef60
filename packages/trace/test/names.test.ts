/** Names that a node gives by counting: told apart from real differences, and translated. */
import { describe, expect, it } from 'vitest';
import { Names, nameless } from '../src/names.ts';

describe('the number of a signature to judge', () => {
  const verify = (job: number, signature = 'aa') => ({ type: 'verify', job, check: { signature } });

  it('[X04] is another one where earlier events were left out, and its verdict is given to that', () => {
    const names = new Names();
    expect(names.learn(verify(7), verify(2))).toBe(true);
    expect(names.translate({ type: 'verified', job: 7, valid: true })).toEqual({
      type: 'verified',
      job: 2,
      valid: true,
    });
    expect(names.learn(verify(8, 'aa'), verify(3, 'bb'))).toBe(false);
    expect(nameless(verify(7))).toBe(nameless(verify(2)));
  });
});
