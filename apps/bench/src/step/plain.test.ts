/** The peer is a fair one only if it computes the same: output, loss and every gradient, against our layers. */
import '@tensorflow/tfjs';
import { type Backbone, createBackbone, gradients, newHead } from '@dr2net/models';
import { inference, trainingContext } from '@dr2net/ops';
import { expectScaledClose } from '@dr2net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { type PlainNetwork, plainForward, plainStep } from 'jobs/plain';
import { beforeAll, expect, it } from 'vitest';
import { makeNetwork, plainView } from './network.ts';

beforeAll(() => tf.setBackend('cpu'));

const conventional = { coefficients: { alpha: 1, beta: 0 }, method: { name: 'conventional' } } as const;

async function compare(
  backbone: Backbone,
  head: ReturnType<typeof newHead>,
  network: PlainNetwork,
  pixels: tf.Tensor,
  targets: tf.Tensor,
): Promise<void> {
  const parameters = [...backbone.parameters, ...head.parameters];
  const plain = plainStep(
    network,
    parameters.map(({ variable }) => variable),
    pixels,
    targets,
  );
  const received = new Map<string, tf.Tensor>();
  const ours = gradients(backbone, head, pixels, targets, {
    ...conventional,
    context: trainingContext(0),
    sink: ({ name }, gradient) => received.set(name, gradient),
  });
  await expectScaledClose(plainForward(network, pixels), ours.output, { rtol: 2e-5, atol: 0 }, 'output');
  await expectScaledClose(plain.loss, ours.loss, { rtol: 1e-5, atol: 0 }, 'loss');
  expect(received.size).toBe(parameters.length);
  const largest = Math.max(...[...received.values()].map((gradient) => gradient.abs().max().dataSync()[0] ?? 0));
  for (const { name, variable } of parameters) {
    const gradient = plain.gradients[variable.name] as tf.Tensor;
    await expectScaledClose(gradient, received.get(name) as tf.Tensor, { rtol: 1e-4, atol: 1e-6 * largest }, name);
  }
}

it('plain TensorFlow.js computes what our ViT computes', async () => {
  const size = { width: 24, heads: 3, depth: 2, size: 16, patch: 4, batch: 2 };
  const network = makeNetwork(size);
  const { backbone, head, pixels, targets } = network;
  await compare(backbone, head, plainView(network, size).network, pixels, targets);
});

it('plain TensorFlow.js computes what our VideoMAE computes', async () => {
  const config = {
    ...{ model_type: 'videomae', hidden_size: 24, num_hidden_layers: 2, num_attention_heads: 3, intermediate_size: 96 },
    ...{ image_size: 16, patch_size: 8, num_frames: 4, tubelet_size: 2, layer_norm_eps: 1e-6 },
  };
  const backbone = createBackbone(config, 5);
  const head = newHead(backbone, { classes: 3, seed: 6 });
  const byName = new Map([...backbone.parameters, ...head.parameters].map(({ name, variable }) => [name, variable]));
  const black = backbone.stem.apply(tf.zeros([1, 4, 16, 16, 3]), inference);
  const network: PlainNetwork = {
    ...{ heads: 3, depth: 2, patch: 8, epsilon: 1e-6 },
    video: { tubelet: 2, positions: black.sub(byName.get('stem.patch.bias') as tf.Tensor) },
    variable: (name) => byName.get(name) as tf.Variable,
  };
  const pixels = tf.randomNormal([2, 4, 16, 16, 3], 0, 1, 'float32', 7);
  const targets = tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3).toFloat();
  // VideoMAE's keys have no bias. The true gradient of such a bias is zero, so plain code that has one agrees.
  await compare(backbone, head, network, pixels, targets);
});
