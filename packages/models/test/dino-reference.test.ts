/** Deformable DETR and DINO against float64 (dino-reference/make.py): outputs of every layer and every gradient, by every method. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coefficients, Method } from '@dr2net/core';
import { expectNoLeak, testBackends } from '@dr2net/testing';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DinoDetector, loadDino } from '../src/index.ts';
import { compareGradients, compareOutputs, modelFolder, stepOf } from './dino-cases.ts';

const variants: readonly { name: string; config: string; coefficients: Coefficients }[] = [
  { name: 'plain', config: 'plain', coefficients: { alpha: 1, beta: 0 } },
  { name: 'refine', config: 'refine', coefficients: { alpha: 1, beta: 0 } },
  { name: 'two-stage', config: 'two-stage', coefficients: { alpha: 1, beta: 0 } },
  { name: 'dino', config: 'dino', coefficients: { alpha: 1, beta: 0 } },
  { name: 'dino-recurrence', config: 'dino', coefficients: { alpha: 0.5, beta: 0.5 } },
];

/** WebGPU cannot read the range of the states while a run is traced. */
const methodsOf = ({ beta }: Coefficients, fractionBits: number | 'auto'): Method[] => [
  { name: 'conventional' },
  { name: 'checkpoint' },
  ...(beta > 0 ? ([{ name: 'reversible' }, { name: 'exact', verify: true, fractionBits }] as const) : []),
];

const root = mkdtempSync(join(tmpdir(), 'dr2net-dino-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.each(await testBackends())('$name', ({ name: backend, available, start }) => {
  describe.skipIf(!available).each(variants)('$name', ({ name, config, coefficients }) => {
    let detector: DinoDetector;
    let before: number;
    beforeAll(async () => {
      await start();
      before = memory().numTensors;
      detector = await loadDino(modelFolder(root, config));
    });
    afterAll(() => {
      detector.dispose();
      expect(memory().numTensors).toBe(before);
    });

    test.each(methodsOf(coefficients, backend === 'webgpu' ? 22 : 'auto'))(
      'outputs and every gradient by $name',
      (method) =>
        expectNoLeak(async () => {
          const step = await stepOf(detector, name, { coefficients, method });
          await compareOutputs(step, name);
          await compareGradients(step, name);
          step.dispose();
        }),
    );
  });
});
