/** What plain TensorFlow.js needs for a step of the same network, measured in a process of its own. */
// First: it registers the gradients that the tape needs.
import '@tensorflow/tfjs';
import { startBackend } from '@dr2net/backends';
import { meter } from '@dr2net/memory';
import { loadBackbone, newHead } from '@dr2net/models';
import { inference } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { answer } from 'jobs';
import { type PlainNetwork, plainStep } from 'jobs/plain';
import type { PlainFigures, PlainSettings } from './plain.ts';

const steps = 3;

async function measure({ model, backend: name, classes, batch }: PlainSettings): Promise<PlainFigures> {
  const backend = await startBackend(name);
  const backbone = await loadBackbone(model);
  const head = newHead(backbone, { classes, seed: 0 });
  const parameters = [...backbone.parameters, ...head.parameters];
  const variables = new Map(parameters.map((parameter) => [parameter.name, parameter.variable]));
  const variable = (key: string): tf.Variable => {
    const found = variables.get(key);
    if (!found) throw new Error(`The model has no parameter ${key}.`);
    return found;
  };
  const { frames, size } = backbone.input;
  const black = backbone.stem.apply(tf.zeros([1, frames, size, size, 3]), inference);
  const { heads, epsilon, patch, tubelet } = backbone.spec;
  const network: PlainNetwork = {
    ...{ heads, epsilon, patch, depth: backbone.depth, variable },
    video: { tubelet, positions: black.sub(variable('stem.patch.bias')) },
  };
  const pixels = tf.randomNormal([batch, frames, size, size, 3]);
  const targets = tf.oneHot(tf.range(0, batch, 1, 'int32').mod(tf.scalar(classes, 'int32')), classes).toFloat();
  const seconds: number[] = [];
  let activationBytes = 0;
  const parameterBytes = parameters.reduce((sum, { bytes }) => sum + bytes, 0);
  for (let i = 0; i <= steps; i++) {
    // The first step warms up, the last is watched; neither is timed.
    const watched = i === steps ? meter({ points: 0 }) : undefined;
    const start = performance.now();
    const { loss, gradients } = plainStep(network, [...variables.values()], pixels, targets);
    await loss.data();
    tf.dispose([loss, gradients]);
    if (watched) activationBytes = watched.stop().activationPeakBytes - parameterBytes;
    else if (i > 0) seconds.push((performance.now() - start) / 1000);
  }
  const deviceBytes = backend.memory.peak();
  return {
    activationBytes,
    seconds: seconds.sort((a, b) => a - b)[0] ?? 0,
    ...(deviceBytes !== undefined && { deviceBytes }),
  };
}

await answer(measure);
