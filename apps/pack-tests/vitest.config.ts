import { packageTests } from '../../vitest.config.base.ts';

// One installation for all of it; bundling and an emulated graphics device take their time.
export default packageTests({ globalSetup: 'test/setup.ts', testTimeout: 300_000, fileParallelism: false });
