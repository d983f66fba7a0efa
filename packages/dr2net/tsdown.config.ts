import { packageBuild } from '../../tsdown.config.base.ts';

export default packageBuild([], {
  entry: { index: 'src/index.ts', cli: 'src/cli.ts', report: 'src/report/index.ts' },
});
