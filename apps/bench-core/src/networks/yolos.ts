/** A YOLOS, one batch of random pixels and its objects. The set loss is computed on the host, by the same function for all. */
import type { DetectionTargets } from '@dr2net/detection';
import { createYolos, traceYolos, type YolosDetector } from '@dr2net/models';
import * as tf from '@tensorflow/tfjs-core';
import { plainYolos } from 'jobs/plain-yolos';
import { type YolosSize, yolosConfigOf, yolosForwardFlops, yolosPixels } from '../yolos-size.ts';
import {
  asOnlyRun,
  type Network,
  type NetworkLoss,
  type NetworkRun,
  type NetworkStep,
  type PlainView,
  variablesOf,
} from './network.ts';
import { lossOnHost, type OnHost, randomObjects } from './objects.ts';

interface Parts {
  readonly size: YolosSize;
  readonly model: YolosDetector;
  readonly pixels: tf.Tensor;
  readonly targets: readonly DetectionTargets[];
}

async function lossOf({ size, targets }: Parts, logits: tf.Tensor, boxes: tf.Tensor): Promise<OnHost> {
  const [classes, places] = await Promise.all([logits.data(), boxes.data()]);
  return lossOnHost(size, targets, classes, places);
}

async function forward(parts: Parts, run: NetworkRun): Promise<tf.Tensor> {
  const { logits, boxes, pullback } = traceYolos(parts.model, parts.pixels, asOnlyRun(run));
  try {
    return tf.scalar((await lossOf(parts, logits, boxes)).total);
  } finally {
    pullback.dispose();
    tf.dispose([logits, boxes]);
  }
}

async function step(parts: Parts, { sink, onPhase, ...run }: NetworkStep): Promise<NetworkLoss> {
  onPhase?.('forward');
  const { logits, boxes, pullback, report } = traceYolos(parts.model, parts.pixels, asOnlyRun(run));
  const made: { dispose(): void }[] = [logits, boxes, pullback];
  try {
    onPhase?.('set loss');
    const loss = await lossOf(parts, logits, boxes);
    const gradient = { logits: tf.tensor(loss.logits, logits.shape), boxes: tf.tensor(loss.boxes, boxes.shape) };
    made.push(gradient.logits, gradient.boxes);
    onPhase?.('backward');
    pullback(gradient, sink);
    return { loss: tf.scalar(loss.total), reports: [report] };
  } finally {
    for (const item of made) item.dispose();
  }
}

/** The tape does not wait: it must read the outputs at once. */
function plainLoss({ size, targets }: Parts) {
  return tf.customGrad((logits, boxes) => {
    const [classes, places] = [logits as tf.Tensor, boxes as tf.Tensor];
    const loss = lossOnHost(size, targets, classes.dataSync(), places.dataSync());
    const shapes = [classes.shape, places.shape] as const;
    return {
      value: tf.scalar(loss.total),
      gradFunc: (dy: tf.Tensor) => [
        tf.mul(tf.tensor(loss.logits, shapes[0]), dy),
        tf.mul(tf.tensor(loss.boxes, shapes[1]), dy),
      ],
    };
  });
}

/** @throws Error on webgpu, where nothing can be read at once */
function plain(parts: Parts): PlainView {
  if (tf.getBackend() === 'webgpu')
    throw new Error(
      "plain TensorFlow.js's tape cannot wait for a loss on the host, and webgpu gives nothing at once; leave the method plain out.",
    );
  const { size, model, pixels } = parts;
  const { patch, epsilon, midPositions } = model.spec;
  const view = { ...size, patch, epsilon, midPositions, variable: variablesOf(model.parameters) };
  const loss = plainLoss(parts);
  return {
    loss: () => {
      const { logits, boxes } = plainYolos(view, pixels);
      return loss(logits, boxes) as tf.Scalar;
    },
    dispose: () => {},
  };
}

export async function makeYolos(size: YolosSize): Promise<Network> {
  const model = await createYolos(yolosConfigOf(size), 1);
  const pixels = tf.randomNormal([size.batch, ...yolosPixels(size), 3], 0, 1, 'float32', 3);
  const parts: Parts = { size, model, pixels, targets: randomObjects(size) };
  return {
    ...{ size, parameters: model.parameters, batch: [pixels] },
    forwardFlops: yolosForwardFlops(size),
    forward: (run) => forward(parts, run),
    step: (run) => step(parts, run),
    plain: () => plain(parts),
    dispose: () => {
      for (const item of [model, pixels]) item.dispose();
    },
  };
}
