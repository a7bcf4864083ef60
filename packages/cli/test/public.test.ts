import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the sources of the command import, relative paths aside. */
const imported = (): Set<string> => {
  const names = new Set<string>();
  for (const file of readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const [, from = ''] of readFileSync(`${root}src/${file}`, 'utf8').matchAll(/\b(?:from |import\()'([^']+)'/g)) {
      if (!from.startsWith('.')) names.add(from);
      else expect(from, file).not.toContain('../../');
    }
  }
  return names;
};

describe('the command line as a package', () => {
  it('[T20] imports the other packages by their names alone, never a path inside one', () => {
    const ours = [...imported()].filter((it) => it.startsWith('@xorrery/')).sort();
    expect(ours).toEqual([
      '@xorrery/coordinator',
      '@xorrery/core',
      '@xorrery/kv',
      '@xorrery/mainline',
      '@xorrery/simulator',
      '@xorrery/trace',
      '@xorrery/trace/files',
    ]);
  });

  it('[T20] declares what it imports', () => {
    const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { dependencies: object };
    const needed = [...imported()].filter((it) => !it.startsWith('node:')).map((it) => it.replace('/files', ''));
    expect(Object.keys(dependencies).sort()).toEqual([...new Set(needed)].sort());
  });
});
