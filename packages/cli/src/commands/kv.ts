/** `xorrery kv`: the plain key-value store, a network of its own beside Mainline. */
import type { Command } from 'commander';
import type { Io } from '../ui/terminal.ts';
import { addKvGet } from './kv-get.ts';
import { addKvNode } from './kv-node.ts';
import { addKvPut } from './kv-put.ts';

const EXAMPLES = `
Examples:
  xorrery kv node --host 127.0.0.1 --port 7600
  xorrery kv put hello --bootstrap 127.0.0.1:7600
  xorrery kv get aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d -b 127.0.0.1:7600

There are no public nodes: without --bootstrap a node starts alone.
Exit codes: 0 done, 1 not stored or not found, 2 bad usage or input,
130 ended by Ctrl-C.`;

export function addKv(program: Command, io: Io, exit: (code: number) => void): void {
  const group = program
    .command('kv')
    .summary('a key-value store: node, put, get')
    .description('The plain Kademlia key-value store: run a node, put a value, get it.')
    .addHelpText('after', EXAMPLES);
  for (const add of [addKvNode, addKvPut, addKvGet]) add(group, io, exit);
}
