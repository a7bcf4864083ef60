/** The smallest network there is: two nodes in memory, no sockets, and the production node, coordinator and codec. */
import { afterAll, expect, it } from 'vitest';
import { MemoryNetwork } from './memory-network.ts';

const network = new MemoryNetwork();

afterAll(() => network.close());

it('[T24][T18] two nodes ping, find, put and get', async () => {
  const [a, b] = [network.node(), network.node()];
  await Promise.all([a.start(), b.start()]);
  await network.time.until(b.joined());

  const pong = await network.time.until(b.ping('10.0.0.1:7600'));
  expect(pong.closest).toEqual([{ id: a.id, endpoint: '10.0.0.1:7600' }]);

  const found = await network.time.until(b.findNode(a.id));
  expect([found.reason, found.closest[0]?.id]).toEqual(['exhausted', a.id]);

  const put = await network.time.until(b.put(undefined, 'hello'));
  expect(put).toMatchObject({ key: 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d', local: true, seq: 0 });
  expect(put.stored.map((it) => it.id)).toEqual([a.id]);
  expect([a.holds(put.key), b.holds(put.key)]).toEqual([true, true]);

  const reader = network.node({ readOnly: true });
  await reader.start();
  await network.time.until(reader.joined());
  const get = await network.time.until(reader.get(put.key));
  expect(new TextDecoder().decode(get.value)).toBe('hello');
  expect([get.reason, get.immutable]).toEqual(['found', true]);
});
