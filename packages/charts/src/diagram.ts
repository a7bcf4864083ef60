/**
 * Charts as text for people: a Mermaid diagram, which GitHub draws, and tables of statuses, transitions, events and
 * effects. Made from the laws alone, so that a page cannot say anything else than what is tested.
 */
import type { Drawn } from './law.ts';

/** All that is generated of one chart, as Markdown under a heading of the second level. */
export function sectionOf(drawn: Drawn): string {
  const { statuses, events, effects } = drawn;
  const parts = [
    `## Chart: ${drawn.title}`,
    `\`\`\`mermaid\n${diagramOf(drawn)}\n\`\`\``,
    table(['status', 'means'], rowsOf(statuses)),
    '### Transitions',
    'Of those from one status for one event, the first whose guard holds is taken. Everything else changes nothing.',
    transitionsOf(drawn),
    '### Events',
    table(['event', 'says'], rowsOf(events)),
  ];
  if (Object.keys(effects).length > 0) parts.push('### Effects', table(['effect', 'says'], rowsOf(effects)));
  return parts.join('\n\n');
}

/** A Mermaid state diagram: one arrow from a status to another, with all that leads there. */
export function diagramOf({ chart }: Drawn): string {
  const arrows = new Map<string, string[]>();
  for (const { from, to, event, guard } of chart.edges) {
    const arrow = `${from} --> ${to}`;
    const label = guard === undefined ? event : `${event} [${guard}]`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), label]);
  }
  const lines = [...arrows].map(([arrow, labels]) => `    ${arrow} : ${labels.join('<br/>')}`);
  const ends = chart.statuses.filter((it) => !chart.edges.some(({ from }) => from === it));
  const last = ends.map((it) => `    ${it} --> [*]`);
  return ['stateDiagram-v2', `    [*] --> ${chart.initial}`, ...lines, ...last].join('\n');
}

function transitionsOf({ chart }: Drawn): string {
  const rows = chart.edges.map(({ from, event, guard, to, effects }) => [
    from,
    `\`${event}\``,
    guard ?? '',
    to === from ? '' : to,
    effects.map((it) => `\`${it}\``).join(', '),
  ]);
  return table(['status', 'event', 'when', 'next', 'may yield'], rows);
}

function rowsOf(words: Readonly<Record<string, string>>): string[][] {
  return Object.entries(words).map(([word, meaning]) => [`\`${word}\``, meaning]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
