/** The measured network: a ViT of random weights with a new head, and one batch of random pixels; the same numbers for the same size everywhere. */
import { type Backbone, type ClassificationHead, createBackbone, newHead } from '@dr2net/models';
import { inference, type Parameter } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { classes, configOf, type NetworkSize } from './size.ts';

export interface Network {
  readonly size: NetworkSize;
  readonly backbone: Backbone;
  readonly head: ClassificationHead;
  /** The backbone's, then the head's. */
  readonly parameters: readonly Parameter[];
  readonly pixels: tf.Tensor;
  /** One-hot labels [batch, classes]. */
  readonly targets: tf.Tensor;
  dispose(): void;
}

/** TensorFlow.js draws random numbers on the host, so every backend gets the same. */
export function makeNetwork(size: NetworkSize): Network {
  const backbone = createBackbone(configOf(size), 1);
  const head = newHead(backbone, { classes, seed: 2 });
  const pixelSide = size.side * size.patch;
  const frames = size.frames === 1 ? [] : [size.frames];
  const pixels = tf.randomNormal([size.batch, ...frames, pixelSide, pixelSide, 3], 0, 1, 'float32', 3);
  const labels = Array.from({ length: size.batch }, (_, index) => index % classes);
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));
  return {
    ...{ size, backbone, head, pixels, targets },
    parameters: [...backbone.parameters, ...head.parameters],
    dispose: () => {
      for (const item of [backbone, head, pixels, targets]) item.dispose();
    },
  };
}

/** VideoMAE's fixed position table [1, tokens, width]: what its stem makes of black pixels, less the bias. */
export function positionTable({ size, backbone, parameters }: Network): tf.Tensor {
  const bias = parameters.find(({ name }) => name === 'stem.patch.bias');
  if (!bias) throw new Error('The network has no parameter stem.patch.bias.');
  return tf.tidy(() => {
    const pixelSide = size.side * size.patch;
    const black = backbone.stem.apply(tf.zeros([1, size.frames, pixelSide, pixelSide, 3]), inference);
    return tf.sub(black, bias.variable);
  });
}
