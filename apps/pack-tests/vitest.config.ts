import { packageTests } from '../../vitest.config.base.ts';

// One installation for all of it.
export default packageTests({ globalSetup: 'test/setup.ts', fileParallelism: false });
