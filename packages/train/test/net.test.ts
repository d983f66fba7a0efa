/** Twenty steps of a small net through `finetune`, every option in play, against PyTorch in float64 (`net` of the references). */
import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import type { BatchSource, TaskModel } from '@dr2net/models';
import { Parameter } from '@dr2net/ops';
import {
  expectNoLeak,
  expectScaledClose,
  type ReferenceTensor,
  readReference,
  sharedPath,
  toTensor,
} from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { finetune } from '../src/index.ts';
import { layerOf, optimizerOf, type Run } from './reference-runs.ts';
import type { ToyBatch } from './toy.ts';

const folder = sharedPath('reference/optimizers');
const steps = 20;

type Get = (name: string) => tf.Tensor;

const linear = (x: tf.Tensor, get: Get, name: string) =>
  tf.add(tf.matMul(x as tf.Tensor2D, get(`${name}.weight`) as tf.Tensor2D, false, true), get(`${name}.bias`));

function norm(x: tf.Tensor, get: Get, name: string): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const unit = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-6)));
  return tf.add(tf.mul(unit, get(`${name}.weight`)), get(`${name}.bias`));
}

const gelu = (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));

/** As `config.json` lays the net out. */
function logitsOf(x: tf.Tensor, get: Get): tf.Tensor {
  let h: tf.Tensor = tf.add(linear(x, get, 'patch_embed'), get('pos_embed'));
  for (const block of [0, 1, 2]) {
    h = tf.add(h, gelu(linear(norm(h, get, `blocks.${block}.norm1`), get, `blocks.${block}.mlp`)));
  }
  return linear(norm(h, get, 'norm'), get, 'head');
}

describe.skipIf(!folder)('finetune agrees with the references', () => {
  if (!folder) return;
  const tensors = readReference(`${folder}/expected.safetensors`);
  const { runs } = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as { runs: Record<string, Run> };
  const at = (key: string, step: number): ReferenceTensor => {
    const all = tensors.get(key)!;
    const size = all.data.length / all.shape[0]!;
    return { ...all, shape: all.shape.slice(1), data: Array.from(all.data).slice(step * size, (step + 1) * size) };
  };

  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  const source: BatchSource<ToyBatch> = {
    samples: steps * 12,
    batches: steps,
    async *epoch() {
      for (let step = 0; step < steps; step++) {
        const pixels = toTensor(at('input.x', step));
        const labels = Array.from(at('input.labels', step).data);
        yield { ids: labels.map(String), size: 12, labels, pixels, dispose: () => pixels.dispose() };
      }
    },
  };

  function netModel(): TaskModel<ToyBatch, never> {
    const names = [...tensors.keys()].filter((key) => key.startsWith('initial/')).map((key) => key.slice(8));
    const parameters = names.map((name) => new Parameter(name, toTensor(tensors.get(`initial/${name}`)!)));
    const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    const get: Get = (name) => byName.get(name)!.variable;
    return {
      task: 'net',
      parameters,
      subBlocks: 3,
      coefficients: { alpha: 1, beta: 0 },
      method: { name: 'conventional' },
      layers: 5,
      layerOf,
      isHead: ({ name }) => name.startsWith('head'),
      step(batch, { sink }) {
        let output: tf.Tensor | undefined;
        const { value, grads } = tf.variableGrads(() => {
          const logits = logitsOf(batch.pixels, get);
          output = tf.keep(tf.clone(logits));
          const targets = tf.oneHot(tf.tensor1d([...batch.labels], 'int32'), 4);
          return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1))) as tf.Scalar;
        });
        for (const parameter of parameters) sink(parameter, grads[parameter.variable.name]!);
        return { loss: value, output: output!, reports: [] };
      },
      predict: () => tf.scalar(0),
      evaluate: () => Promise.reject(new Error('never')),
      save: async () => {},
      dispose: () => {
        for (const parameter of parameters) parameter.dispose();
      },
    };
  }

  test.each(Object.entries(runs))('%s', async (name, run) => {
    await expectNoLeak(async () => {
      const model = netModel();
      const tolerance = { rtol: 1e-3, atol: 0 };
      const check = async (step: number, what: 'parameters' | 'ema') => {
        for (const { name: parameter, variable } of model.parameters) {
          const expected = at(`${name}/net/${what}/${parameter}`, step);
          await expectScaledClose(variable, expected, tolerance, `${parameter} after step ${step + 1}`);
        }
      };
      const rates = tensors.get(`${name}/net/learning_rates`)!.data;
      const events = finetune(model, source, {
        epochs: 1,
        optimizer: optimizerOf(run),
        learningRate: { at: (step) => rates[step]! },
        ...(run.clip !== undefined && { clip: run.clip }),
        ...(run.ema !== undefined && { ema: run.ema }),
      });
      for await (const event of events) {
        if (event.type === 'end' && run.ema) await check(steps - 1, 'ema');
        if (event.type !== 'step') continue;
        const step = event.step - 1;
        expect(event.loss).toBeCloseTo(tensors.get(`${name}/net/losses`)!.data[step]!, 4);
        if (run.clip !== undefined)
          expect(event.gradientNorm).toBeCloseTo(tensors.get(`${name}/net/gradient_norms`)!.data[step]!, 3);
        await check(step, 'parameters');
      }
      model.dispose();
    });
  });
});
