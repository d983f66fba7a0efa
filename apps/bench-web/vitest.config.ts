import { packageTests } from '../../vitest.config.base.ts';

// Bundling and an emulated graphics device take their time.
export default packageTests({ testTimeout: 300_000, hookTimeout: 300_000 });
