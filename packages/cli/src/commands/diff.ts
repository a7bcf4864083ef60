/** `xorrery diff A B`: where two traces first differ, and in what. */
import { diff } from '@xorrery/trace';
import type { Command } from 'commander';
import { EXIT, oneLine } from '../failure.ts';
import { withTrace } from '../trace-input.ts';
import type { Io } from '../ui/terminal.ts';

const EXAMPLES = `
Examples:
  xorrery diff yesterday.ndjson today.ndjson
  xorrery diff yesterday.ndjson today.ndjson --json

The same start and the same events with other effects: other code.
Exit codes: 0 the same, 1 they differ, 2 not a trace, or edited.`;

export function addDiff(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('diff')
    .summary('compare two traces')
    .description('Show where two traces first differ: in how they begin, an event, or its effects.')
    .argument('<A>', 'a file written by --record')
    .argument('<B>', 'another')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (a: string, b: string, options: { readonly json?: boolean }) =>
      exit(await compare(a, b, options, io)),
    );
}

async function compare(a: string, b: string, { json = false }: { readonly json?: boolean }, io: Io): Promise<number> {
  const found = await withTrace('A', a, (one) => withTrace('B', b, async (other) => diff(one, other)));
  if (json) {
    io.out.write(`${JSON.stringify({ same: found === undefined, ...(found && { difference: found }) })}\n`);
  } else if (found === undefined) io.out.write('the same\n');
  else {
    const where = found.step === 0 ? '' : ` at step ${found.step}`;
    const place = found.path === '' ? '' : `, ${found.path}`;
    const value = (it: unknown): string => oneLine(JSON.stringify(it) ?? 'nothing');
    io.out.write(`they differ in ${found.what}${where}${oneLine(place)}\n- ${value(found.a)}\n+ ${value(found.b)}\n`);
  }
  return found === undefined ? EXIT.DONE : EXIT.NOTHING;
}
