import { packageBuild } from '../../tsdown.config.base.ts';

// `jobs` is private and has no build of its own; it becomes part of this one, and what it imports (execa) a dependency here.
export default packageBuild(['src/main.ts', 'src/plain-child.ts'], {
  platform: 'node',
  dts: false,
  external: (id: string) => /^[^./]/.test(id) && !/^jobs(\/|$)/.test(id),
  noExternal: [/^jobs(\/|$)/],
});
