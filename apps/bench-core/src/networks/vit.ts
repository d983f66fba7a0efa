/** A ViT, or a VideoMAE of clips, with a new head, and one batch of random pixels. */
import {
  type ClassificationHead,
  createBackbone,
  gradients,
  memoryModel,
  newHead,
  type TransformerBackbone,
  traceClassifier,
} from '@dr2net/models';
import { inference, type Parameter, softmaxCrossEntropy } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { plainForward } from 'jobs/plain';
import { stepProducts } from '../products.ts';
import { classes, configOf, epsilon, isVit, tubelet, type VitSize } from '../size.ts';
import { forwardIdentical } from './identical.ts';
import { type Network, type NetworkRun, type NetworkStep, type PlainView, variablesOf } from './network.ts';

export interface VitNetwork extends Network {
  readonly size: VitSize;
  readonly backbone: TransformerBackbone;
  readonly head: ClassificationHead;
  readonly pixels: tf.Tensor;
  /** One-hot labels [batch, classes]. */
  readonly targets: tf.Tensor;
}

export function isVitNetwork(network: Network): network is VitNetwork {
  return isVit(network.size);
}

interface Parts {
  readonly size: VitSize;
  readonly backbone: TransformerBackbone;
  readonly head: ClassificationHead;
  readonly parameters: readonly Parameter[];
  readonly pixels: tf.Tensor;
  readonly targets: tf.Tensor;
}

/** TensorFlow.js draws random numbers on the host, so every backend gets the same. */
function makeParts(size: VitSize): Parts {
  const backbone = createBackbone(configOf(size), 1);
  const head = newHead(backbone, { classes, seed: 2 });
  const pixelSide = size.side * size.patch;
  const frames = size.frames === 1 ? [] : [size.frames];
  const pixels = tf.randomNormal([size.batch, ...frames, pixelSide, pixelSide, 3], 0, 1, 'float32', 3);
  const labels = Array.from({ length: size.batch }, (_, index) => index % classes);
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));
  return { size, backbone, head, parameters: [...backbone.parameters, ...head.parameters], pixels, targets };
}

function forward({ backbone, head, pixels, targets }: Parts, run: NetworkRun): tf.Tensor {
  const { value, pullback } = traceClassifier(backbone, head, pixels, run);
  const loss = softmaxCrossEntropy.apply(value, targets);
  value.dispose();
  pullback.dispose();
  return loss;
}

function step({ backbone, head, pixels, targets }: Parts, run: NetworkStep) {
  const { loss, output, reports } = gradients(backbone, head, pixels, targets, run);
  output.dispose();
  return { loss, reports };
}

/** VideoMAE's fixed position table [1, tokens, width]: what its stem makes of black pixels, less the bias. */
export function positionTable({ size, backbone, parameters }: Parts): tf.Tensor {
  const bias = variablesOf(parameters)('stem.patch.bias');
  return tf.tidy(() => {
    const pixelSide = size.side * size.patch;
    const black = backbone.stem.apply(tf.zeros([1, size.frames, pixelSide, pixelSide, 3]), inference);
    return tf.sub(black, bias);
  });
}

function plain(parts: Parts): PlainView {
  const { size, pixels, targets } = parts;
  const positions = size.frames === 1 ? undefined : positionTable(parts);
  const view = {
    ...{ ...size, epsilon, variable: variablesOf(parts.parameters) },
    ...(positions && { video: { tubelet, positions } }),
  };
  return {
    loss: () => tf.losses.softmaxCrossEntropy(targets, plainForward(view, pixels)) as tf.Scalar,
    dispose: () => positions?.dispose(),
  };
}

export function makeVit(size: VitSize): VitNetwork {
  const parts = makeParts(size);
  const { backbone, head, pixels, targets } = parts;
  const { arithmetic } = memoryModel(configOf(size), { classes });
  return {
    ...parts,
    batch: [pixels, targets],
    forwardFlops: 2 * size.batch * (arithmetic.subBlocks + arithmetic.rest),
    products: (method) => stepProducts(size, method),
    forward: (run) => forward(parts, run),
    step: (run) => step(parts, run),
    plain: () => plain(parts),
    forwardIdentical: () => forwardIdentical(parts),
    dispose: () => {
      for (const item of [backbone, head, pixels, targets]) item.dispose();
    },
  };
}
