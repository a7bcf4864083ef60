// A key-value store in 20 lines: three nodes on this machine; one puts, another gets.
import { createKvNode } from '@xorrery/kv';

const first = createKvNode({ host: '127.0.0.1' });
const bootstrap = [await first.start()];
const writer = createKvNode({ host: '127.0.0.1', bootstrap });
const reader = createKvNode({ host: '127.0.0.1', bootstrap });
await Promise.all([writer.start(), reader.start()]);
await Promise.all([writer.joined(), reader.joined()]);

// Under its SHA-1, where nothing else can stand.
const { key, stored } = await writer.put(undefined, 'hello');
const { value, immutable } = await reader.get(key);
console.log(`${key} at ${stored.length} others: ${Buffer.from(value ?? []).toString()}, its own proof: ${immutable}`);

// Under a key of our own: the later one counts.
for (const text of ['draft', 'final']) await writer.put(reader.id, text);
const latest = await reader.get(reader.id);
console.log(`latest: ${Buffer.from(latest.value ?? []).toString()}`);

await Promise.all([first, writer, reader].map((node) => node.close()));
