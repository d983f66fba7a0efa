import { packageBuild } from '../../tsdown.config.base.ts';

// What writes to a disk and what says that there is none are entries of their own: `#disk` in package.json chooses one where the package is used.
export default packageBuild(['src/index.ts', 'src/checkpoint/disk.ts', 'src/checkpoint/no-disk.ts']);
