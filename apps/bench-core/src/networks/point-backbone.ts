/** The blocks of a PointViT alone, the part that is reversible: tokens and positions are parameters, the loss a weighted sum of the output. */
import { traceRun } from '@dr2net/core';
import { createSegmenter, type PointSegmenter } from '@dr2net/models';
import { holding, Parameter } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import { plainBlocks } from 'jobs/plain-points';
import { backboneForwardFlops } from '../point-flops.ts';
import { checkPoints, groupsOf, type PointSize, pointConfigOf } from '../point-size.ts';
import {
  asOnlyRun,
  type Network,
  type NetworkLoss,
  type NetworkRun,
  type NetworkStep,
  variablesOf,
} from './network.ts';

interface Parts {
  readonly model: PointSegmenter;
  readonly tokens: Parameter;
  readonly position: Parameter;
  /** ∂L/∂output, of the tokens' shape. */
  readonly weights: tf.Tensor;
}

function trace({ model, tokens, position }: Parts, given: NetworkRun) {
  const { context, ...run } = asOnlyRun(given);
  return traceRun(model.modules.subBlocks, tokens.variable, context.child('blocks'), {
    ...run,
    shift: position.variable,
  });
}

const lossOf = (output: tf.Tensor, weights: tf.Tensor) => tf.tidy(() => tf.sum(tf.mul(output, weights)));

function forward(parts: Parts, run: NetworkRun): tf.Tensor {
  const { value, pullback } = trace(parts, run);
  pullback.dispose();
  const loss = lossOf(value, parts.weights);
  value.dispose();
  return loss;
}

function step(parts: Parts, { sink, onPhase, ...run }: NetworkStep): NetworkLoss {
  return holding((held) => {
    onPhase?.('blocks forward');
    const { value, pullback, report } = trace(parts, run);
    held.add(value);
    held.add(pullback);
    const loss = held.add(lossOf(value, parts.weights));
    held.free(value);
    onPhase?.('blocks backward');
    const { x0, shift } = pullback(parts.weights, sink);
    if (x0) sink(parts.tokens, x0);
    if (shift) sink(parts.position, shift);
    held.release(loss);
    held.dispose();
    return { loss, reports: [report] };
  });
}

export function makePointBackbone(size: PointSize): Network {
  checkPoints(size.points);
  const model = createSegmenter(pointConfigOf(size), 1);
  const shape = [size.batch, 1 + groupsOf(size), size.width];
  const random = (name: string, seed: number) => new Parameter(name, tf.randomNormal(shape, 0, 1, 'float32', seed));
  const [tokens, position] = [random('tokens', 5), random('position', 6)];
  const rows = size.batch * shape[1]!;
  const weights = tf.randomNormal(shape, 0, 1 / rows, 'float32', 7);
  const parts: Parts = { model, tokens, position, weights };
  const parameters = [tokens, position, ...model.modules.subBlocks.flatMap(({ parameters: own }) => own)];
  const view = { ...size, epsilon: model.spec.epsilon, variable: variablesOf(parameters) };
  return {
    ...{ size, parameters, batch: [weights] },
    forwardFlops: backboneForwardFlops(size),
    forward: (run) => forward(parts, run),
    step: (run) => step(parts, run),
    plain: () => ({
      loss: () =>
        lossOf(
          plainBlocks(view, tokens.variable, () => position.variable),
          weights,
        ) as tf.Scalar,
      dispose: () => {},
    }),
    dispose: () => {
      for (const item of [model, tokens, position, weights]) item.dispose();
    },
  };
}
