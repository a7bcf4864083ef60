// Draws what the demo leaves on a terminal as an SVG. Bars, boxes and dots become shapes, so that it looks the same
// with every font.
// Usage: script -qec 'stty cols 80 rows 60; node packages/cli/bin/xorrery.js demo --seed 11 --record demo.gz' /dev/null |
//   node tools/demo-picture.mjs > docs/demo.svg
import { readFileSync } from 'node:fs';

const ESC = String.fromCharCode(27);
const SPAN = new RegExp(`${ESC}\\[(\\d*)m|([^${ESC}]+)`, 'g');
const ERASED = new RegExp(`(?:${ESC}\\[(?:2K|1A|G))+`);
const CURSOR = new RegExp(`${ESC}\\[\\?25[hl]`, 'g');
const CELL = { width: 8.4, height: 19 };
const MARGIN = { x: 20, top: 44, bottom: 16 };
const COLOURS = {
  text: '#d6deeb',
  dim: '#7b8798',
  31: '#ff6b6b',
  32: '#5ad48a',
  33: '#f2c14e',
  34: '#6aa9ff',
  35: '#c792ea',
  36: '#4fc3d9',
  90: '#7b8798',
};
const PARTS = ' ▏▎▍▌▋▊▉█';
const CORNERS = { '╭': 'se', '╮': 'sw', '╰': 'ne', '╯': 'nw' };

/** @typedef {{ colour: string, bold: boolean }} Style */
/** @typedef {{ text: string, at: number, style: Style }} Run */

/** The runs of one line: text of one style, with its first column. @param {string} line */
const runsOf = (line) => {
  /** @type {Run[]} */
  const runs = [];
  let [bold, dim, code, at] = [false, false, 0, 0];
  for (const [, mode, text] of line.matchAll(SPAN)) {
    if (text !== undefined) {
      const colour = dim ? COLOURS.dim : (COLOURS[/** @type {keyof typeof COLOURS} */ (code)] ?? COLOURS.text);
      runs.push({ text, at, style: { colour, bold } });
      at += text.length;
    } else if (mode === '1') bold = true;
    else if (mode === '2') dim = true;
    else if (mode === '22') [bold, dim] = [false, false];
    else code = Number(mode) === 39 ? 0 : Number(mode);
  }
  return runs;
};

/** One character that is drawn rather than written. @param {string} char @param {number} x @param {number} y @param {string} colour */
const shapeOf = (char, x, y, colour) => {
  const { width, height } = CELL;
  const [mx, my] = [x + width / 2, y + height / 2];
  const line = (/** @type {string} */ path) => `<path d="${path}" stroke="${colour}" fill="none" stroke-width="1.4"/>`;
  if (char === '●') return `<circle cx="${mx}" cy="${my}" r="3.2" fill="${colour}"/>`;
  if (char === '·') return `<circle cx="${mx}" cy="${my}" r="1.2" fill="${colour}"/>`;
  if (char === '─') return line(`M${x} ${my}H${x + width}`);
  if (char === '│') return line(`M${mx} ${y}V${y + height}`);
  const part = PARTS.indexOf(char);
  if (part > 0)
    return `<rect x="${x}" y="${y + 4}" width="${(width * part) / 8 + 0.3}" height="${height - 8}" fill="${colour}" shape-rendering="crispEdges"/>`;
  const corner = CORNERS[/** @type {keyof typeof CORNERS} */ (char)];
  if (corner === undefined) return undefined;
  const [fromY, toX] = [corner.startsWith('s') ? y + height : y, corner.endsWith('e') ? x + width : x];
  return line(`M${mx} ${fromY}Q${mx} ${my} ${toX} ${my}`);
};

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** @param {Run} run @param {number} y */
const drawRun = ({ text, at, style }, y) => {
  let [shapes, written] = ['', ''];
  for (const [i, char] of [...text].entries()) {
    const shape = char === ' ' ? undefined : shapeOf(char, MARGIN.x + (at + i) * CELL.width, y, style.colour);
    shapes += shape ?? '';
    written += shape === undefined ? char : ' ';
  }
  if (written.trim() === '') return shapes;
  const lead = written.length - written.trimStart().length;
  const shown = written.trim();
  const [x, length] = [MARGIN.x + (at + lead) * CELL.width, shown.length * CELL.width];
  const weight = style.bold ? ' font-weight="700"' : '';
  return `${shapes}<text x="${x.toFixed(1)}" y="${y + 14}" textLength="${length.toFixed(1)}" fill="${style.colour}"${weight}>${escaped(shown)}</text>`;
};

/** The picture of ANSI text. @param {string} ansi */
const picture = (ansi) => {
  // What was drawn and erased again on the way is left out.
  const last = ansi.split(ERASED).at(-1) ?? '';
  const plain = last.replace(CURSOR, '').replace(/\r/g, '');
  const lines = plain.replace(/^\n+|\s+$/g, '').split('\n');
  const [width, height] = [MARGIN.x * 2 + 80 * CELL.width, MARGIN.top + lines.length * CELL.height + MARGIN.bottom];
  const drawn = lines.map((line, i) => {
    const y = MARGIN.top + i * CELL.height;
    const shapes = runsOf(line)
      .map((run) => drawRun(run, y))
      .join('');
    return shapes === '' ? '' : `<g>${shapes}</g>\n`;
  });
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (it, i) => `<circle cx="${20 + i * 18}" cy="20" r="5.5" fill="${it}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="xorrery demo in a terminal">
<style>
text{font:13.5px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#101720"/>
${lights.join('')}
${drawn.join('')}</svg>
`;
};

process.stdout.write(picture(readFileSync(0, 'utf8')));
