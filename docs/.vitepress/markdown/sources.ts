/** Pages of the site that are files of the repository, included as they are. */
export const packageNames = [
  'backends',
  'core',
  'detection',
  'dr2net',
  'export',
  'layers',
  'memory',
  'models',
  'ops',
  'pointcloud',
  'schedulers',
  'train',
  'video',
];

/** What can be imported of `dr2net` by a name of its own: `dr2net/report`. */
export const entriesOfDr2net = ['example', 'report', 'scene'];

/** Page, relative to `docs` → file, relative to the repository. */
export const sources: ReadonlyMap<string, string> = new Map([
  ...packageNames.map((name) => [`packages/${name}.md`, `packages/${name}/README.md`] as const),
  ['repository/readme.md', 'README.md'],
  ['repository/contributing.md', 'CONTRIBUTING.md'],
  ['repository/bench.md', 'apps/bench/README.md'],
  ['repository/bench-web.md', 'apps/bench-web/README.md'],
  ['repository/start.md', 'apps/start/README.md'],
]);

const pages = new Map([...sources].map(([page, file]) => [file, page]));

/** The page that shows a file of the repository, relative to `docs`, if there is one. */
export const pageOf = (file: string): string | undefined =>
  file.startsWith('docs/') && file.endsWith('.md') ? file.slice('docs/'.length) : pages.get(file);
