// Who may import whom. Arrows point down only; docs/architecture.md has the picture.
const ARROWS = {
  core: [],
  trace: ['core'],
  coordinator: ['core'],
  charts: ['core'],
  simulator: ['core', 'coordinator', 'trace'],
  testkit: ['core', 'simulator', 'trace'],
  mainline: ['core', 'coordinator'],
  kv: ['core', 'coordinator'],
  viewer: ['core', 'trace'],
};

/** Packages that run in any host, so Node's own modules are out. */
const PORTABLE = ['core', 'trace', 'coordinator', 'charts', 'simulator', 'testkit', 'viewer'];

/** The part of trace that reads and writes files: an entry of its own, for Node. */
const TRACE_FILES = '^packages/trace/src/files(\\.ts$|/)';

/** What a package shows to others: its index, and what reads files is an entry of its own. */
const ENTRIES = [
  '^packages/[^/]+/src/index\\.ts$',
  '^packages/trace/src/files\\.ts$',
  '^packages/testkit/src/replay\\.ts$',
];

/** The two halves of core that meet in node.ts alone. */
const QUERY = '^packages/core/src/(query|pool|candidates?)[^/]*(/|$)';
const ROUTING = '^packages/core/src/(routing|table|buckets?|bootstrap|include|probe|refresh)[^/]*(/|$)';

const arrows = Object.entries(ARROWS).map(([name, allowed]) => ({
  name: `arrows-${name}`,
  comment: `${name} may import ${allowed.length === 0 ? 'no other package' : `only ${allowed.join(', ')}`}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

/** @param {string} name @param {string} from @param {string} to */
const halves = (name, from, to) => ({
  name,
  comment: 'query and routing meet only in node.ts',
  severity: 'error',
  from: { path: from },
  to: { path: to },
});

export default {
  forbidden: [
    ...arrows,
    {
      name: 'core-imports-nothing',
      comment: 'core stands alone: no package, no module of the host',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { pathNot: '^packages/core/src/' },
    },
    {
      name: 'portable',
      comment: 'this package runs in any host, so Node modules stay out',
      severity: 'error',
      from: { path: `^packages/(${PORTABLE.join('|')})/src/`, pathNot: TRACE_FILES },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'files-stay-aside',
      comment: 'the main entry of trace runs in a browser',
      severity: 'error',
      from: { path: '^packages/trace/src/', pathNot: TRACE_FILES },
      to: { path: TRACE_FILES },
    },
    halves('query-knows-no-routing', QUERY, ROUTING),
    halves('routing-knows-no-query', ROUTING, QUERY),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-inside-paths',
      comment: 'another package is reached through its index.ts',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', ...ENTRIES] },
    },
    {
      name: 'no-inside-paths-from-outside',
      comment: 'examples and benchmarks use what a user can use',
      severity: 'error',
      from: { path: '^(examples|bench)/' },
      to: { path: '^packages/', pathNot: ENTRIES },
    },
    {
      name: 'no-barrels',
      comment: 'only index.ts of a package passes on what another file exports',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: ENTRIES },
      to: { dependencyTypes: ['export'] },
    },
    {
      name: 'not-through-own-index',
      comment: 'inside a package, import the file that declares the thing',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/$1/src/index\\.ts$' },
    },
    {
      name: 'src-stays-in-src',
      comment: 'what is published imports no test, example, benchmark or tool',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^(packages/[^/]+/(test|bench|examples)|examples|bench|tools|docs)/' },
    },
    {
      name: 'src-needs-declared-dependencies',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|bench)/[^/]+/(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['xorrery:source', 'import', 'node', 'default', 'types'],
    },
  },
};
