/** Twenty steps of every optimizer against PyTorch's, in float64 (`../shared/reference/optimizers`). */
import { readFileSync } from 'node:fs';
import { Parameter } from '@dr2net/ops';
import {
  expectScaledClose,
  type ReferenceTensor,
  readReference,
  sharedPath,
  testBackends,
  toTensor,
} from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resolveClip } from '../src/optimizer/clip.ts';
import { CollectedGradients, MovingAverage, OptimizerState } from '../src/optimizer/index.ts';
import { layerOf, optimizerOf, type Run } from './reference-runs.ts';

const backends = (await testBackends()).filter(({ available }) => available);
const folder = sharedPath('reference/optimizers');
const steps = 20;

describe.skipIf(!folder)('optimizers agree with the references', () => {
  if (!folder) return;
  const tensors = readReference(`${folder}/expected.safetensors`);
  const { runs } = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as { runs: Record<string, Run> };
  const names = [...tensors.keys()].filter((key) => key.startsWith('initial/')).map((key) => key.slice(8));
  const at = (key: string, step: number): ReferenceTensor => {
    const all = tensors.get(key)!;
    const size = all.data.length / steps;
    return { ...all, shape: all.shape.slice(1), data: Array.from(all.data).slice(step * size, (step + 1) * size) };
  };
  let parameters: Parameter[];

  const begin = () => {
    parameters = names.map((name) => new Parameter(name, toTensor(tensors.get(`initial/${name}`)!)));
  };
  afterEach(() => {
    for (const parameter of parameters) parameter.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  describe.each(backends)('on $name', ({ name: backend, start }) => {
    beforeAll(start);
    beforeEach(begin);

    // All rules once; elsewhere those that use every op.
    const chosen = Object.entries(runs).filter(
      ([name]) => backend === 'wasm' || ['sgd_nesterov', 'adamw_no_decay_1d', 'adamw_all'].includes(name),
    );
    test.each(chosen)('%s', async (name, run) => {
      const state = new OptimizerState(optimizerOf(run), { layers: 5, layerOf });
      const ema = run.ema ? new MovingAverage(run.ema, parameters) : undefined;
      const use = new CollectedGradients(state, resolveClip(run.clip, 'collect'));
      for (let step = 0; step < steps; step++) {
        const learningRate = at(`${name}/fixed/learning_rates`, step).data[0]!;
        use.begin({ learningRate, accepts: () => true });
        for (const parameter of parameters) {
          use.sink(parameter, toTensor(at(`fixed_gradients/${parameter.name}`, step)));
        }
        const norm = use.norm();
        use.apply();
        ema?.update();
        const read = step < 2 || step % 9 === 1 || step === steps - 1;
        const tolerance = { rtol: 1e-5, atol: 0 };
        if (norm) {
          await expectScaledClose(norm, at(`${name}/fixed/gradient_norms`, step), tolerance, 'norm');
          norm.dispose();
        }
        for (const { name: parameter, variable } of read ? parameters : []) {
          const expected = at(`${name}/fixed/parameters/${parameter}`, step);
          await expectScaledClose(variable, expected, tolerance, `${parameter} after step ${step}`);
        }
        for (const [parameter, average] of read && ema ? ema.entries() : []) {
          await expectScaledClose(
            average,
            at(`${name}/fixed/ema/${parameter}`, step),
            tolerance,
            `average of ${parameter}`,
          );
        }
      }
      state.dispose();
      ema?.dispose();
    });
  });
});
