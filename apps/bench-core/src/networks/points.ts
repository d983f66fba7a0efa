/** A PointViT segmenter and a batch of random clouds; our step, and the same in plain TensorFlow.js. */
import {
  createSegmenter,
  type PointGeometry,
  type PointSegmenter,
  pointGeometry,
  type SegmenterPart,
  traceSegmenter,
} from '@dr2net/models';
import { holding, type Parameter, softmaxCrossEntropy } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { plainPoints } from 'jobs/plain-points';
import { pointForwardFlops } from '../point-flops.ts';
import { checkPoints, type PointSize, pointChannels, pointClasses, pointConfigOf } from '../point-size.ts';
import { randomClouds } from './clouds.ts';
import { asOnlyRun, type Network, type NetworkRun, type NetworkStep, type PlainView } from './network.ts';
import { plainGeometry } from './plain-geometry.ts';

interface Parts {
  readonly size: PointSize;
  readonly model: PointSegmenter;
  readonly parameters: readonly Parameter[];
  readonly geometry: PointGeometry;
  /** [batch, points, channels] */
  readonly features: tf.Tensor;
  /** One-hot labels [batch·points, classes]. */
  readonly targets: tf.Tensor;
}

/** Logits [batch, points, classes] as rows. */
const rowsOf = (logits: tf.Tensor) => tf.reshape(logits, [-1, pointClasses]);

function forward({ model, features, geometry, targets }: Parts, run: NetworkRun): tf.Tensor {
  const { value, pullback } = traceSegmenter(model, features, geometry, asOnlyRun(run));
  pullback.dispose();
  const loss = tf.tidy(() => softmaxCrossEntropy.apply(rowsOf(value), targets));
  value.dispose();
  return loss;
}

/** `tokenizer forward` … `decoder backward`. */
function phases(onPhase: NetworkStep['onPhase']): { onPart(part: SegmenterPart): void; turn(): void } {
  let way = 'forward';
  return {
    onPart: (part) => onPhase?.(`${part} ${way}`),
    turn: () => {
      way = 'backward';
    },
  };
}

function step({ model, features, geometry, targets }: Parts, { sink, onPhase, ...run }: NetworkStep) {
  const { onPart, turn } = phases(onPhase);
  return holding((held) => {
    const { value, pullback, report } = traceSegmenter(model, features, geometry, { ...asOnlyRun(run), onPart });
    held.add(value);
    held.add(pullback);
    const logits = held.add(rowsOf(value));
    const traced = softmaxCrossEntropy.trace(logits, targets);
    held.add(traced.pullback);
    const loss = held.add(traced.value);
    const one = held.add(tf.ones([]));
    const { logits: dRows } = traced.pullback(one);
    const dLogits = held.add(tf.reshape(held.add(dRows!), value.shape));
    held.free(value, logits, dRows);
    turn();
    pullback(dLogits, sink)?.dispose();
    held.release(loss);
    held.dispose();
    return { loss, reports: [report] };
  });
}

function plain({ size, model, parameters, geometry, features, targets }: Parts): PlainView {
  const { dispose, ...given } = plainGeometry(geometry, model, parameters);
  const rows = tf.reshape(features, [-1, pointChannels]);
  return {
    loss: () => tf.losses.softmaxCrossEntropy(targets, plainPoints({ ...size, ...given }, rows)) as tf.Scalar,
    dispose: () => {
      dispose();
      rows.dispose();
    },
  };
}

/** @throws RangeError for a number of points that P3Embed cannot take */
export function makePoints(size: PointSize): Network {
  checkPoints(size.points);
  const model = createSegmenter(pointConfigOf(size), 1);
  const clouds = randomClouds(size);
  const begun = performance.now();
  const geometry = pointGeometry(model.spec, clouds.positions, size.batch);
  const geometrySeconds = (performance.now() - begun) / 1000;
  const features = tf.randomNormal([size.batch, size.points, pointChannels], 0, 1, 'float32', 3);
  const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(clouds.labels, 'int32'), pointClasses), 'float32'));
  const parameters = model.parameters.filter(({ trainable }) => trainable);
  const parts: Parts = { size, model, parameters, geometry, features, targets };
  return {
    ...{ size, parameters, geometrySeconds, batch: [features, targets] },
    forwardFlops: pointForwardFlops(size),
    forward: (run) => forward(parts, run),
    step: (run) => step(parts, run),
    plain: () => plain(parts),
    dispose: () => {
      for (const item of [model, features, targets]) item.dispose();
    },
  };
}
