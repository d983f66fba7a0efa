/** The packages' own tests, and the examples of all READMEs, against what is installed. */
import { describe, expect, inject, test } from 'vitest';
import { copyOwnTests, runOwnTests } from '../src/own-tests.ts';

const project = inject('project');

/** Packages whose tests run, but for those that take long; of the others the README's examples. */
const whole = ['core', 'layers', 'memory', 'ops', 'schedulers'];
const long = /core\/test\/(anchors|growth|proof|properties)|layers\/test\/(layers|windows)/;

const runs = (file: string) =>
  file.endsWith('/readme.test.ts') || (whole.some((name) => file.startsWith(`packages/${name}/`)) && !long.test(file));

describe.skipIf(!project)('in Node', () => {
  test('the tests of the packages pass against the tarballs', async () => {
    const { files } = copyOwnTests(project ?? '');
    const { passed, skipped, failed } = await runOwnTests(project ?? '', files.filter(runs));
    console.info(`Against the tarballs: ${passed} tests passed, ${skipped} skipped.`);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(150);
    // A minute on two quiet cores.
  }, 900_000);
});
