import { packageBuild } from '../../tsdown.config.base.ts';

// The two platforms are entries of their own: `#platform` in package.json chooses one where the package is used.
export default packageBuild(['src/index.ts', 'src/platform/node.ts', 'src/platform/browser.ts']);
