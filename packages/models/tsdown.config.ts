import { packageBuild } from '../../tsdown.config.base.ts';

export default packageBuild(['src/index.ts', 'src/platform/node.ts', 'src/platform/browser.ts']);
