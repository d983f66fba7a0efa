import { packageTests } from '../vitest.config.base.ts';

// Whole pages in a browser, and training runs in one of them.
export default packageTests({ maxConcurrency: 2, testTimeout: 300_000, hookTimeout: 300_000 });
