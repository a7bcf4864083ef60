// Values in the BitTorrent DHT (BEP 44): one found under its hash, one that its owner can replace. Three nodes here.
import { randomBytes } from 'node:crypto';
import { createNode, publicKeyOf } from '@xorrery/mainline';

const options = { host: '127.0.0.1', port: 0 };
const first = createNode({ ...options, bootstrap: [] });
const bootstrap = [await first.start()];
const [writer, reader] = [createNode({ ...options, bootstrap }), createNode({ ...options, bootstrap })];
await Promise.all([writer.start(), reader.start()]);
await Promise.all([writer.joined(), reader.joined()]);
const text = (bytes) => Buffer.from(bytes ?? []).toString();

// Under the SHA-1 of its bencoding, where nothing else can stand.
const { target } = await writer.put('hello');
console.log(`${target}: ${text((await reader.get(target)).value)}`);

// Under a public key and a salt: signed, and the highest version counts. The seed stays with whoever puts.
const seed = randomBytes(32);
for (const value of ['draft', 'final']) await writer.put(value, { mutable: { seed, salt: 'note' } });
const { failed } = await writer.put('late', { mutable: { seed, salt: 'note', seq: 1 } });
console.log(`a version 1 comes too late: ${failed[0]?.refusal?.text}`);
const latest = await reader.get({ publicKey: publicKeyOf(seed), salt: 'note' });
console.log(`version ${latest.seq}: ${text(latest.value)}`);

await Promise.all([first, writer, reader].map((node) => node.close()));
