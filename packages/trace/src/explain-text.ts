/** An explanation as text of at most 80 columns: a head, the tree of who led to whom, and why it stopped. */
import { type Asked, countsOfTree, type Explanation } from './explain.ts';

const WIDTH = 80;
/** Columns of branches; deeper trees are drawn no deeper. */
const INDENT = 24;

/** All of it, ending in a newline. */
export function explanationText(explanation: Explanation): string {
  const { id, node, kind, target, reason, why, elapsed, hops, tree } = explanation;
  const { asked, answered } = countsOfTree(tree);
  const whose = node === undefined ? '' : ` of node ${node}`;
  const lines = [
    clipped(`${id}${whose}: ${kind}${target === undefined ? '' : ` ${target}`}`),
    ...tree.flatMap((it, i) => branch(it, '', i === tree.length - 1)),
    ...wrapped(`${reason}: ${why}`, '  '),
    `  asked ${asked}, answered ${answered}${hops === undefined ? '' : `, ${hops} ${hops === 1 ? 'hop' : 'hops'}`}${elapsed === undefined ? '' : `, ${elapsed} ms`}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** One line about it. */
export function explanationLine({ id, node, kind, target, reason, tree }: Explanation): string {
  const { asked, answered } = countsOfTree(tree);
  const whose = node === undefined ? '' : `${node} `;
  const what = target === undefined ? kind : `${kind} ${target.slice(0, 8)}…`;
  return clipped(`${`${whose}${id}`.padEnd(24)} ${what.padEnd(18)} ${`${answered}/${asked}`.padStart(7)}  ${reason}`);
}

function branch(asked: Asked, before: string, last: boolean): string[] {
  const indent = before.length >= INDENT ? before : `${before}${last ? '   ' : '│  '}`;
  return [
    clipped(`${before}${last ? '└─ ' : '├─ '}${nodeText(asked)}`),
    ...asked.children.flatMap((it, i) => branch(it, indent, i === asked.children.length - 1)),
  ];
}

function nodeText({ id, endpoint, bits, gained, outcome, cause, rtt, late, named, values }: Asked): string {
  const near = bits === undefined ? '' : ` ${bits}b${gained === undefined ? '' : ` ${gained < 0 ? '' : '+'}${gained}`}`;
  const how =
    outcome === 'answered'
      ? `${rtt} ms${late === true ? ' late' : ''}`
      : cause === undefined
        ? outcome
        : `${outcome}: ${cause}`;
  const gave = [named ? `${named} new` : '', values ? `${values} ${values === 1 ? 'value' : 'values'}` : ''];
  const found = gave.filter((it) => it !== '').join(', ');
  return `${id === undefined ? '?' : id.slice(0, 8)} ${endpoint}${near}  ${how}${found === '' ? '' : `  ${found}`}`;
}

function clipped(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`;
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line.trimEnd());
      line = `${indent}  `;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
