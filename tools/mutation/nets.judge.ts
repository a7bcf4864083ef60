/** For mutants: the beginning of each exploration. Most of what is broken on purpose is found in it. */
import { explore, LARGE_NETS, SMALL_NETS } from '@xorrery/testkit';
import { expect, it } from 'vitest';

it.each([...SMALL_NETS, ...LARGE_NETS])('$name: every promise is kept in the first worlds', (net) => {
  expect(explore(net, { maxStates: 120 }).violation).toBeUndefined();
});
