import { packageBuild } from '../../tsdown.config.base.ts';

export default packageBuild(['src/node.ts', 'src/browser.ts']);
