/** The measured network: a ViT of random weights with a new head, and one batch of random pixels. */
import { type Backbone, type ClassificationHead, createBackbone, newHead } from '@dr2net/models';
import * as tf from '@tensorflow/tfjs-core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { PlainNetwork } from 'jobs/plain';
import { classes, type NetworkSize } from './settings.ts';

const epsilon = 1e-6;

export interface Network {
  readonly backbone: Backbone;
  readonly head: ClassificationHead;
  readonly pixels: Tensor;
  /** One-hot labels [batch, classes]. */
  readonly targets: Tensor;
  dispose(): void;
}

/** The same numbers for the same size, in every process. */
export function makeNetwork(size: NetworkSize): Network {
  const backbone = createBackbone(
    {
      model_type: 'vit',
      hidden_size: size.width,
      num_hidden_layers: size.depth,
      num_attention_heads: size.heads,
      intermediate_size: 4 * size.width,
      image_size: size.size,
      patch_size: size.patch,
      layer_norm_eps: epsilon,
    },
    1,
  );
  const head = newHead(backbone, { classes, seed: 2 });
  const pixels = tf.randomNormal([size.batch, size.size, size.size, 3], 0, 1, 'float32', 3);
  const labels = Array.from({ length: size.batch }, (_, index) => index % classes);
  const targets = tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), classes).toFloat());
  return {
    backbone,
    head,
    pixels,
    targets,
    dispose: () => {
      for (const item of [backbone, head, pixels, targets]) item.dispose();
    },
  };
}

/** The variables of all parameters, by the names that plain.ts uses. */
export function plainView(
  { backbone, head }: Network,
  size: NetworkSize,
): { network: PlainNetwork; variables: tf.Variable[] } {
  const all = [...backbone.parameters, ...head.parameters];
  const byName = new Map(all.map(({ name, variable }) => [name, variable]));
  const variable = (name: string): tf.Variable => {
    const found = byName.get(name);
    if (!found) throw new Error(`The network has no parameter ${name}.`);
    return found;
  };
  return { network: { ...size, epsilon, variable }, variables: all.map((parameter) => parameter.variable) };
}
