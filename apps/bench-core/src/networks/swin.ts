/** A Swin backbone and one batch of random pixels; the loss a weighted sum of its features, which is what a detection head reads. */
import { createSwin, type SwinBackbone, traceFeatures } from '@dr2net/models';
import { holding, type Parameter } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { plainSwin, swinConstants } from 'jobs/plain-swin';
import {
  checkSwin,
  type SwinSize,
  swinConfigOf,
  swinFeatures,
  swinForwardFlops,
  swinPatch,
  swinSides,
} from '../swin-size.ts';
import {
  type Network,
  type NetworkLoss,
  type NetworkRun,
  type NetworkStep,
  type PlainView,
  variablesOf,
} from './network.ts';

interface Parts {
  readonly size: SwinSize;
  readonly backbone: SwinBackbone;
  readonly parameters: readonly Parameter[];
  readonly pixels: tf.Tensor;
  /** ∂L/∂map of each feature. */
  readonly weights: readonly tf.Tensor[];
}

const lossOf = (maps: readonly tf.Tensor[], weights: readonly tf.Tensor[]) =>
  tf.tidy(() => tf.addN(maps.map((map, i) => tf.sum(tf.mul(map, weights[i]!)))));

function forward({ backbone, pixels, weights }: Parts, run: NetworkRun): tf.Tensor {
  const { maps, pullback } = traceFeatures(backbone, pixels, run);
  pullback.dispose();
  const loss = lossOf(maps, weights);
  tf.dispose(maps);
  return loss;
}

function step({ backbone, pixels, weights }: Parts, { sink, onPhase, ...run }: NetworkStep): NetworkLoss {
  return holding((held) => {
    onPhase?.('forward');
    const { maps, pullback, reports } = traceFeatures(backbone, pixels, run);
    for (const map of maps) held.add(map);
    held.add(pullback);
    const loss = held.add(lossOf(maps, weights));
    held.free(...maps);
    onPhase?.('backward');
    pullback(weights, sink);
    held.release(loss);
    held.dispose();
    return { loss, reports };
  });
}

function plain({ size, parameters, pixels, weights, backbone }: Parts): PlainView {
  const { window, depths, heads } = size;
  const constants = swinConstants(size, swinSides(size)[0]!);
  const { epsilon, features } = backbone.spec;
  const view = { patch: swinPatch, window, depths, heads, epsilon, features, variable: variablesOf(parameters) };
  return {
    loss: () => lossOf(plainSwin(view, pixels, constants), weights) as tf.Scalar,
    dispose: () => constants.dispose(),
  };
}

/** @throws RangeError where windows do not fit a stage's map */
export function makeSwin(size: SwinSize): Network {
  checkSwin(size);
  const features = swinFeatures(size);
  const backbone = createSwin(swinConfigOf(size), 1, { features });
  const random = (shape: number[], deviation: number, seed: number) =>
    tf.randomNormal(shape, 0, deviation, 'float32', seed);
  const pixels = random([size.batch, size.pixels, size.pixels, 3], 1, 3);
  const sides = swinSides(size);
  const weights = features.map((stage) => {
    const rows = size.batch * sides[stage]! ** 2;
    return random([size.batch, sides[stage]!, sides[stage]!, size.width * 2 ** stage], 1 / rows, 10 + stage);
  });
  // The norm of the last tokens stands before a classifier; features do not go through it.
  const unused = new Set(backbone.norm.parameters);
  const parameters = backbone.parameters.filter((parameter) => !unused.has(parameter));
  const parts: Parts = { size, backbone, parameters, pixels, weights };
  return {
    ...{ size, parameters, batch: [pixels, ...weights] },
    forwardFlops: swinForwardFlops(size),
    forward: (run) => forward(parts, run),
    step: (run) => step(parts, run),
    plain: () => plain(parts),
    dispose: () => {
      for (const item of [backbone, pixels, ...weights]) item.dispose();
    },
  };
}
