/** Runs the conformance suite on every backend of this machine. */
import { testBackends } from '@dr2net/testing';
import { beforeAll, describe, test } from 'vitest';
import { suite } from './conformance/suite.ts';

describe.each(await testBackends())('$name', ({ available, start }) => {
  describe.skipIf(!available)('conformance', () => {
    beforeAll(start);
    for (const { name, run, here } of suite)
      test(name, ({ skip }) => {
        if (here && !here()) skip('an implementation of other backends');
        return run();
      });
  });
});
