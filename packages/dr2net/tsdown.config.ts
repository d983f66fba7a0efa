import { packageBuild } from '../../tsdown.config.base.ts';

export default packageBuild(['src/index.ts', 'src/cli.ts', 'src/report.ts']);
