/** `xorrery explain TRACE`: why each node was asked, and why the lookup stopped. */
import { Explainer, type Explanation, explanationLine, explanationText } from '@xorrery/trace';
import type { Command } from 'commander';
import { EXIT, Failure, oneLine } from '../failure.ts';
import { withStream } from '../trace-input.ts';
import { entriesOf } from '../trace-kinds.ts';
import type { Io } from '../ui/terminal.ts';
import { count } from '../ui/text.ts';

interface ExplainOptions {
  readonly query?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  xorrery lookup sintel.torrent --record sintel.ndjson
  xorrery explain sintel.ndjson
  xorrery explain sintel.ndjson --query op0
  xorrery explain sintel.ndjson --json

Of each node asked: its id, its endpoint, the bits it shares with the target
(b) and how many more than the node that named it, and what came of it. The
node's own upkeep is a line each, unless one is asked for.
Exit codes: 0 done, 1 there is no lookup in it, 2 not a trace, or no such ID.`;

export function addExplain(program: Command, io: Io, exit: (code: number) => void): void {
  program
    .command('explain')
    .summary('why each node was asked')
    .description('Show each lookup of a trace as a tree: who led to whom, and why it stopped.')
    .argument('<TRACE>', 'a file written by --record')
    .option('-q, --query <id>', 'one lookup alone, by its id')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: ExplainOptions) => exit(await tell(path, options, io)));
}

async function tell(path: string, { query, json = false }: ExplainOptions, io: Io): Promise<number> {
  const { queries, truncated } = await withStream('TRACE', path, async (trace) => {
    const explainer = new Explainer();
    for await (const batch of entriesOf(trace)) for (const entry of batch) explainer.take(entry);
    const all = explainer.explanations();
    const queries = query === undefined ? all : all.filter((it) => it.id === query);
    if (queries.length === 0 && query !== undefined && all.length > 0) {
      const some = all.slice(0, 5).map((it) => it.id);
      const ids = oneLine(`${some.join(', ')}${all.length > some.length ? ', ...' : ''}`);
      throw new Failure(`--query '${query}': no such lookup in it; there are ${ids}`);
    }
    return { queries, truncated: trace.truncated };
  });
  if (truncated) io.err.write('the trace is cut off: this is what is left of it\n');
  if (json) io.out.write(`${JSON.stringify({ queries, truncated })}\n`);
  else io.out.write(asText(queries, query !== undefined));
  if (queries.length === 0) throw new Failure(`there is no lookup in it: '${path}'`, EXIT.NOTHING);
  return EXIT.DONE;
}

/** What the user asked for as trees; what the node did for itself, and pings, as lines. */
function asText(queries: readonly Explanation[], whole: boolean): string {
  const isDrawn = (it: Explanation): boolean => whole || (!/^(?!find:)[a-z]+:/.test(it.id) && it.kind !== 'each');
  const drawn = queries.filter(isDrawn).map(explanationText);
  const lines = queries.filter((it) => !isDrawn(it)).map((it) => `${explanationLine(it)}\n`);
  const head = lines.length === 0 ? [] : [`${count(lines.length, 'lookup')} of its own and stores:\n${lines.join('')}`];
  return [...head, ...drawn].map(safe).join('\n');
}

/** A trace may come from anybody; a terminal obeys what is written to it. */
function safe(text: string): string {
  return text.replace(/(?!\n)\p{C}/gu, '?');
}
