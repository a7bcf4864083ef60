// What the formatter's lint cannot see: arithmetic, locale, waiting and imports in the deterministic packages.
// Usage: node tools/purity.mjs   (globals such as Date are denied by biome.json)
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/** Deterministic packages. `sync`: nothing may wait. `closed`: nothing may be imported from outside the package. */
export const PURE = {
  core: { sync: true, closed: true },
  simulator: { sync: false, closed: false },
  testkit: { sync: false, closed: false },
};

const MATH = new Set(['abs', 'clz32', 'floor', 'imul', 'max', 'min', 'sqrt', 'trunc']);
const POWERS = new Set([ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskAsteriskEqualsToken]);
const LOCALE = /^(?:localeCompare|toLocale.*)$/;

/**
 * Breaches of purity in one source text, in order of appearance.
 * @param {string} text
 * @param {{ sync: boolean, closed: boolean }} rules
 * @returns {{ line: number, message: string }[]}
 */
export const impurities = (text, rules) => {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2023, true);
  /** @type {{ line: number, message: string }[]} */
  const found = [];
  const report = (/** @type {ts.Node} */ node, /** @type {string} */ message) =>
    found.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, message });

  const judge = (/** @type {ts.Node} */ node) => {
    if (ts.isIdentifier(node) && node.text === 'Math' && !isName(node)) {
      const { parent } = node;
      const plain = ts.isPropertyAccessExpression(parent) && parent.expression === node;
      if (!plain) report(node, 'Math may only be used as Math.member');
      else if (!MATH.has(parent.name.text)) report(node, `Math.${parent.name.text} may differ between engines`);
    }
    if (ts.isBinaryExpression(node) && POWERS.has(node.operatorToken.kind)) {
      report(node, `${node.operatorToken.getText()} may differ between engines`);
    }
    const member = memberName(node);
    if (member !== undefined && LOCALE.test(member)) report(node, `${member} depends on the locale of the host`);
    if (rules.sync) {
      if (node.kind === ts.SyntaxKind.AsyncKeyword) report(node, 'async: only the coordinator waits');
      if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node))
        report(node, 'await: only the coordinator waits');
    }
    const from = importedFrom(node);
    if (from !== undefined) {
      if (from.startsWith('node:')) report(node, `${from} is not there in every runtime`);
      else if (rules.closed && !from.startsWith('./') && !from.startsWith('../'))
        report(node, `${from} is outside the package`);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      report(node, 'import() waits');
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
      report(node, 'import.meta differs between hosts');
    ts.forEachChild(node, judge);
  };
  judge(source);
  return found;
};

/** Is this identifier a mere name (of a member or a key), not a reference? */
const isName = (/** @type {ts.Identifier} */ node) =>
  (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
  (ts.isPropertyAssignment(node.parent) && node.parent.name === node) ||
  ts.isPropertySignature(node.parent);

/** The member that this node reads, however it is written: a.b, a['b'], { b } = a. */
const memberName = (/** @type {ts.Node} */ node) => {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return node.argumentExpression.text;
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    const name = node.propertyName ?? node.name;
    if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return name.text;
  }
  return undefined;
};

/** The specifier that this node imports or exports from. */
const importedFrom = (/** @type {ts.Node} */ node) => {
  if (
    (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
    node.moduleSpecifier &&
    ts.isStringLiteral(node.moduleSpecifier)
  ) {
    return node.moduleSpecifier.text;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return node.argument.literal.text;
  }
  return undefined;
};

const main = () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  let count = 0;
  for (const [name, rules] of Object.entries(PURE)) {
    const dir = join(root, 'packages', name, 'src');
    if (!existsSync(dir)) continue;
    for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!entry.endsWith('.ts')) continue;
      const file = join(dir, entry);
      for (const { line, message } of impurities(readFileSync(file, 'utf8'), rules)) {
        count += 1;
        process.stderr.write(`${relative(root, file)}:${line}: ${message}\n`);
      }
    }
  }
  if (count > 0) process.exitCode = 1;
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
