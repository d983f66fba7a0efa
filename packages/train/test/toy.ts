/** A tiny classifier with all parts of a real one: a stem, a reversible run with dropout in it, a norm, a head. */
import { type Coefficients, type Method, type SubBlock, traceRun } from '@dr2net/core';
import { Dropout, LayerNorm, Linear, mlpSubBlock, sequential } from '@dr2net/layers';
import type { Batch, BatchSource, StepOptions, TaskModel } from '@dr2net/models';
import { type Context, type Differentiable, inference, Parameter, softmaxCrossEntropy, softTargets } from '@dr2net/ops';
import { argMax, dispose, div, expandDims, mean, scalar, type Tensor, tensor, tidy, tile } from '@tensorflow/tfjs-core';

export const width = 6;
export const classes = 3;

/** Numbers in [−1, 1) that follow from a seed alone (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export interface ToyBatch extends Batch {
  readonly pixels: Tensor;
  readonly labels: readonly number[];
}

export interface ToySourceOptions {
  readonly batches?: number;
  readonly size?: number;
  /** Samples of the last batch of an epoch. */
  readonly last?: number;
  /** Factor from one batch to the next, over epochs. */
  readonly growth?: number;
  /** Multiplies this batch (counted over epochs) by a factor. */
  readonly spike?: { readonly batch: number; readonly factor: number };
  /** Puts a NaN into this batch (counted over epochs). */
  readonly poison?: number;
}

/** Clusters around a centre a class; order and noise follow from (seed, epoch). */
export function toySource({
  batches = 4,
  size = 4,
  last = size,
  growth = 1,
  spike,
  poison,
}: ToySourceOptions = {}): BatchSource<ToyBatch> {
  return {
    samples: (batches - 1) * size + last,
    batches,
    async *epoch({ seed, epoch, from = 0, signal }) {
      for (let number = from; number < batches; number++) {
        if (signal?.aborted) return;
        const next = random(seed * 7919 + epoch * 131 + number);
        const samples = number === batches - 1 ? last : size;
        const labels = Array.from({ length: samples }, () => Math.floor(((next() + 1) / 2) * classes));
        const at = epoch * batches + number;
        const scale = growth ** at * (at === spike?.batch ? spike.factor : 1);
        const values = labels.flatMap((label) =>
          Array.from({ length: 2 * width }, (_, i) => scale * ((i % classes === label ? 1.5 : 0) + 0.3 * next())),
        );
        if (at === poison) values[0] = Number.NaN;
        const pixels = tensor(values, [samples, 2, width]);
        const ids = labels.map((label, i) => `clip-${epoch}-${number}-${i}-of-${label}`);
        yield { ids, size: samples, labels, pixels, dispose: () => pixels.dispose() };
      }
    },
  };
}

export interface ToyOptions {
  readonly method?: Method;
  readonly coefficients?: Coefficients;
  /** Uses one weight in two sub-blocks. */
  readonly shared?: boolean;
  readonly blocks?: number;
  readonly architecture?: string;
  readonly outputs?: number;
  /** Default 0.1. */
  readonly dropout?: number;
}

export interface ToyModel extends TaskModel<ToyBatch, { accuracy: number }> {
  /** Steps made, counting passes included. */
  passes: number;
}

export function toyModel(options: ToyOptions = {}): ToyModel {
  const { shared = false, blocks = 4, outputs = classes, dropout = 0.1 } = options;
  const next = random(11);
  const make = (name: string, shape: number[], base = 0, spread = 0.4) =>
    new Parameter(
      name,
      tensor(
        Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => base + spread * next()),
        shape,
      ),
    );
  const normParts = (name: string) => ({ gain: make(`${name}.gain`, [width], 1), bias: make(`${name}.bias`, [width]) });
  const linearParts = (name: string, i: number, o: number) => ({
    weight: make(`${name}.weight`, [i, o]),
    bias: make(`${name}.bias`, [o]),
  });
  const stemParts = linearParts('stem', width, width);
  const stem = new Linear(stemParts.weight, stemParts.bias);
  let hidden: Parameter | undefined;
  const subBlocks: SubBlock[] = Array.from({ length: blocks }, (_, i) => {
    const name = `blocks.${i}`;
    const fc1 = linearParts(`${name}.fc1`, width, 8);
    if (shared && hidden) fc1.weight.dispose();
    hidden ??= fc1.weight;
    const fc2 = linearParts(`${name}.fc2`, 8, width);
    const norm = { ...normParts(`${name}.norm`), epsilon: 1e-6 };
    const expand = shared ? hidden : fc1.weight;
    return mlpSubBlock(name, {
      norm,
      mlp: { expand, expandBias: fc1.bias, contract: fc2.weight, contractBias: fc2.bias },
      dropout,
    });
  });
  const headNorm = normParts('norm');
  const headParts = linearParts('head', width, outputs);
  const head: Differentiable = sequential('head', [
    new LayerNorm(headNorm.gain, headNorm.bias, 1e-6),
    new Dropout(dropout),
    new Linear(headParts.weight, headParts.bias),
  ]);
  const parameters = [...new Set([stem, ...subBlocks, head].flatMap((part) => [...part.parameters]))];

  const forward = (
    pixels: Tensor,
    context: Context,
    { method, coefficients }: ToyModel,
    { scaleOf, anchorsOf }: Pick<StepOptions, 'scaleOf' | 'anchorsOf'> = {},
  ) => {
    const stemmed = stem.trace(pixels);
    const [scale, anchors] = [scaleOf?.(0), anchorsOf?.(0)];
    const traced = () => {
      try {
        return traceRun(subBlocks, stemmed.value, context.child('run'), {
          method,
          coefficients,
          ...(scale && { scale }),
          ...(anchors && { anchors }),
        });
      } catch (error) {
        stemmed.pullback.dispose();
        throw error;
      } finally {
        stemmed.value.dispose();
      }
    };
    const run = traced();
    const headed = head.trace(run.value, context.child('head'));
    run.value.dispose();
    // The logits are the mean over the two tokens'.
    const output: Tensor = mean(headed.value, 1);
    headed.value.dispose();
    return { stemmed, run, headed, output };
  };

  const model: ToyModel = {
    task: 'toy',
    architecture: options.architecture ?? 'toy',
    parameters,
    subBlocks: blocks,
    coefficients: options.coefficients ?? { alpha: 63 / 64, beta: 1 / 64 },
    method: options.method ?? { name: 'exact' },
    passes: 0,
    layers: blocks + 2,
    layerOf: ({ name }) => {
      const block = /^blocks\.(\d+)/.exec(name);
      return block ? Number(block[1]) + 1 : name.startsWith('stem') ? 0 : blocks + 1;
    },
    isHead: ({ name }) => name.startsWith('head'),
    step(batch, { context, sink, onPhase, ...remembered }) {
      model.passes++;
      onPhase?.('forward');
      const { stemmed, run, headed, output } = forward(batch.pixels, context, model, remembered);
      onPhase?.('head');
      const targets = softTargets([...batch.labels], outputs, 0.1);
      const loss = softmaxCrossEntropy.trace(output, targets);
      const one = scalar(1);
      const { logits } = loss.pullback(one);
      onPhase?.('backward');
      const spread: Tensor = tidy(() => div(tile(expandDims(logits!, 1), [1, 2, 1]), 2));
      const dy = headed.pullback(spread, sink);
      const { x0 } = run.pullback(dy, sink);
      if (x0) dispose(stemmed.pullback(x0, sink));
      else stemmed.pullback.dispose();
      dispose([targets, one, logits!, spread, dy, ...(x0 ? [x0] : [])]);
      return { loss: loss.value, output, reports: [run.report] };
    },
    predict: (batch) => {
      const { stemmed, run, headed, output } = forward(batch.pixels, inference, model);
      for (const { pullback } of [stemmed, run, headed]) pullback.dispose();
      return output;
    },
    evaluate: async (source) => {
      let [correct, samples] = [0, 0];
      for await (const batch of source.epoch({ seed: 0, epoch: 0 })) {
        const output = await model.predict(batch);
        const predicted = argMax(output, -1);
        const found = await predicted.data();
        correct += batch.labels.filter((label, i) => found[i] === label).length;
        samples += batch.size;
        dispose([output, predicted]);
        batch.dispose();
      }
      return { accuracy: correct / samples };
    },
    save: async () => {},
    dispose: () => {
      for (const parameter of parameters) parameter.dispose();
    },
  };
  return model;
}
