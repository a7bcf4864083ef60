// Nodes of ours in one process, each at an address of its own: crowd.mjs BOOTSTRAP ADDRESS...
// They join through BOOTSTRAP, and end with the process.
import { createNode } from '@xorrery/mainline';

const [bootstrap = '', ...addresses] = process.argv.slice(2);
const nodes = [];
for (const host of addresses) {
  const node = createNode({ host, port: 6881, bootstrap: [bootstrap] });
  await node.start();
  await node.joined();
  nodes.push(node.id);
}
process.stdout.write(`${JSON.stringify({ event: 'ready', ids: nodes })}\n`);
