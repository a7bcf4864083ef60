// Explores the small networks of the testkit and prints what was walked, as the table in docs/exploration.md.
// Usage: npm run explore [-- WORDS OF A NAME] [--max STATES] [--walks N]   (build first: npm run build)
import { parseArgs } from 'node:util';
import {
  explore,
  FOUR_NODES,
  LARGE_NETS,
  replay,
  roughly,
  SMALL_NETS,
  THREE_NODES,
  walk,
  walkSummary,
} from '@xorrery/testkit';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { max: { type: 'string', default: '150000' }, walks: { type: 'string', default: '0' } },
});
const wanted = positionals.join(' ');
const nets = [THREE_NODES, FOUR_NODES, ...SMALL_NETS, ...LARGE_NETS].filter((it) => it.name.includes(wanted));

const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

print('| network | about | states | merged | depth | emptied | paths | s |');
print('|---|---|---:|---:|---:|---|---:|---:|');
for (const net of nets) {
  const start = performance.now();
  const { states, merged, depth, exhausted, paths, violation } = explore(net, { maxStates: Number(values.max) });
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  const end = exhausted ? `yes | ${roughly(paths)}` : 'no | ';
  print(`| ${net.name} | ${net.about} | ${states} | ${merged} | ${depth} | ${end} | ${seconds} |`);
  if (violation !== undefined) {
    process.exitCode = 1;
    print(`\n${violation.message}\n\n${replay(net, violation.choices).join('\n')}\n`);
  }
}
const walks = Number(values.walks);
for (const net of walks > 0 ? nets : []) {
  const found = walk(net, { walks });
  print(walkSummary(found));
  if (found.violation !== undefined) {
    process.exitCode = 1;
    print(replay(net, found.violation.choices).join('\n'));
  }
}
