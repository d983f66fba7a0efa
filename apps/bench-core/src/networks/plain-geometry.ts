/** Our geometry as the tensors that plain TensorFlow.js takes: the same samples, neighbours and weights. */
import type { PointGeometry, PointSegmenter } from '@dr2net/models';
import type { Parameter } from '@dr2net/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { PlainPoints } from 'jobs/plain-points';
import { variablesOf } from './network.ts';

type Given = Omit<PlainPoints, 'heads' | 'depth' | 'batch'> & { dispose(): void };

/** Each second of a list of pairs, from the first or the second on. */
const half = (list: Int32Array, first: 0 | 1) =>
  Int32Array.from({ length: list.length / 2 }, (_, i) => list[2 * i + first]!);

export function plainGeometry(
  { batch, groups, stages, centres, decoder }: PointGeometry,
  { spec }: PointSegmenter,
  parameters: readonly Parameter[],
): Given {
  const made: tf.Tensor[] = [];
  const own = <T extends tf.Tensor>(tensor: T): T => {
    made.push(tensor);
    return tensor;
  };
  return {
    variable: variablesOf(parameters),
    epsilon: spec.epsilon,
    hidden: spec.head.hidden.length,
    stages: stages.map(({ map, offsets, size }) => {
      // A neighbour less its centre: pairs of sources, one a neighbour.
      const { sources } = map.forward;
      const ofCentres = half(sources, 1).filter((_, i) => i % size === 0);
      return {
        neighbours: own(tf.tensor1d(half(sources, 0), 'int32')),
        centres: own(tf.tensor1d(ofCentres, 'int32')),
        offsets: own(tf.tensor3d(offsets, [ofCentres.length, size, 3])),
      };
    }),
    centres: own(tf.tensor2d(centres, [batch * groups, 3])),
    decoder: decoder.map(({ rows, forward: { sources, weights } }) => ({
      sources: own(tf.tensor1d(sources, 'int32')),
      weights: own(tf.tensor3d(weights, [rows, 3, 1])),
    })),
    dispose: () => tf.dispose(made),
  };
}
