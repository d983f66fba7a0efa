/** What can be imported, by its name. `dr2net` is last: what it passes on is told by the package that it comes from. */
import { entriesOfDr2net, packageNames } from '../../.vitepress/markdown/sources.ts';

export interface Entry {
  /** As it is imported. */
  readonly name: string;
  /** Relative to the repository. */
  readonly file: string;
}

/** Those that differ between a browser and Node are told as they are in Node. */
const inNode = ['detection', 'pointcloud', 'video'];

export const entries: readonly Entry[] = [
  ...packageNames
    .filter((name) => name !== 'dr2net')
    .map((name) => ({
      name: `@dr2net/${name}`,
      file: `packages/${name}/src/${inNode.includes(name) ? 'node' : 'index'}.ts`,
    })),
  { name: 'dr2net', file: 'packages/dr2net/src/index.ts' },
  ...entriesOfDr2net.map((name) => ({ name: `dr2net/${name}`, file: `packages/dr2net/src/${name}.ts` })),
];
