/** The packages' own tests, and the examples of all READMEs, against what is installed. */
import { describe, expect, inject, test } from 'vitest';
import { copyOwnTests, runOwnTests } from '../src/own-tests.ts';

const project = inject('project');

/** Tests of the repository: of its scripts, of what the sources import, of programs that run from the sources; and what begins on wasm. */
const aside = /(backends\/test\/(native|unavailable)|browser|models\/test\/bundle|train\/test\/(kill|vit))\.test\.ts$/;
/** Seconds each, and about arithmetic that does not change by being packed. */
const long =
  /(core\/test\/(anchors|growth|proof|properties)|layers\/test\/(layers|windows)|detection\/test\/dino|models\/test\/dino|train\/test\/(|point-|yolos-)footprint)\.test\.ts$/;

describe.skipIf(!project)('in Node', () => {
  test('the tests of the packages pass against the tarballs', async () => {
    const { files } = copyOwnTests(project ?? '');
    const { passed, skipped, failed } = await runOwnTests(
      project ?? '',
      files.filter((file) => !aside.test(file) && !long.test(file)),
    );
    console.info(`Against the tarballs: ${passed} tests passed, ${skipped} skipped.`);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(600);
    // A minute on two quiet cores.
  }, 900_000);
});
