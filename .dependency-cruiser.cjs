// The direction of imports: arrows point down only, there are no cycles.
// A package may import the packages that stand behind it in this table, and nothing else of ours.
const below = {
  ops: [],
  schedulers: [],
  memory: [],
  backends: [],
  core: ['ops'],
  layers: ['ops', 'core'],
  models: ['ops', 'core', 'layers', 'memory'],
  video: ['ops', 'core', 'layers', 'memory', 'models'],
  pointcloud: ['ops', 'core', 'layers', 'memory', 'models'],
  detection: ['ops', 'core', 'layers', 'memory', 'models'],
  export: ['ops', 'core', 'models'],
  train: ['ops', 'core', 'layers', 'schedulers', 'memory', 'models', 'video'],
  dr2net: [
    'ops',
    'core',
    'layers',
    'schedulers',
    'memory',
    'backends',
    'models',
    'video',
    'pointcloud',
    'detection',
    'train',
    'export',
  ],
};

const tests = '\\.(test|test-d)\\.ts$|/test/|/bench/|/browser/|/scripts/|\\.config\\.';
const upward = Object.entries(below).map(([name, allowed]) => ({
  name: `${name}-imports-down-only`,
  comment: `packages/${name} may import only: ${allowed.join(', ') || 'none of ours'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/`, pathNot: tests },
  to: { path: '^(packages|apps)/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^(\\$|virtual:)' } },
    {
      name: 'packages-never-import-apps',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'by-name-only',
      comment: 'A package is imported by its name, not by a path into its sources.',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$2/', dependencyTypes: ['local'] },
    },
    ...upward,
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '(^|/)(node_modules|dist|results)/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@dr2net/source', 'node', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
