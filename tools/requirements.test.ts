import { expect, it } from 'vitest';
import { citations, parseRequirements, proofsIn, render } from './requirements.mjs';

it('reads every form of citation', () => {
  expect(citations('[J11] a')).toEqual(['J11']);
  expect(citations('[J11][F27] a')).toEqual(['J11', 'F27']);
  expect(citations('[J11 F27, S01] a')).toEqual(['J11', 'F27', 'S01']);
  expect(citations('[x] a[0] [] (J11)')).toEqual([]);
});

it('finds tests that run, and no others', () => {
  const text = `
    describe('[D01] d', () => {
      it('[D02] e', () => {});
      it.each([1])('[D03] f %s', () => {});
      test(\`[D04] g \${1} h\`, () => {});
      it.skip('[D05] i', () => {});
      it.todo('[D06] j');
      describe.skip('k', () => { it('[D07] l', () => {}); });
      log('[D08] m');
    });`;
  expect(proofsIn('a.test.ts', text).map(({ title, ids }) => [title, ids])).toEqual([
    ['d', ['D01']],
    ['e', ['D02']],
    ['f %s', ['D03']],
    ['g … h', ['D04']],
  ]);
});

it('shows a dash where no test cites the id, and refuses an id given twice', () => {
  const sections = parseRequirements('# A\nD01 one|two\nD02 three\n');
  const text = render(sections, [{ file: 'a.test.ts', title: 't', ids: ['D01'] }]);
  expect(text).toContain('| D01 | one\\|two | a.test.ts: t |');
  expect(text).toContain('| D02 | three | — |');
  expect(() => parseRequirements('# A\nD01 a\nD01 b\n')).toThrow('twice');
  expect(() => parseRequirements('# A\nnonsense\n')).toThrow('unreadable');
});
