/** A batch of samples. */
import type { Batch } from '@dr2net/models';
import { type Tensor3D, tensor3d } from '@tensorflow/tfjs-core';
import type { RawSample } from './sample.ts';

export interface PointBatch extends Batch {
  /** `[batch, points, 3]`: x and y from the sample's middle, z from its lowest point, in the source's `unit`. */
  readonly positions: Tensor3D;
  /** `[batch·points·3]`: the same numbers on the host, for what is found there (neighbours). */
  readonly coordinates: Float32Array;
  /** [batch, points, channels] */
  readonly features: Tensor3D;
  /** `[batch · points]`: class indices; 255 for points that are neither trained on nor counted. */
  readonly labels: Int32Array;
  /** The scene that each sample is of. */
  readonly scenes: readonly string[];
  /** [points] each: the sample's points in its prepared scene, to bring votes home. */
  readonly points: readonly Int32Array[];
}

/** A sample with the scene that it is of. */
export interface SceneSample extends RawSample {
  readonly id: string;
  readonly scene: string;
}

/** @param channels features of a point */
export function toBatch(samples: readonly SceneSample[], channels: number): PointBatch {
  const [batch, points] = [samples.length, samples[0]?.points.length ?? 0];
  const all = {
    positions: new Float32Array(batch * points * 3),
    features: new Float32Array(batch * points * channels),
    labels: new Int32Array(batch * points),
  };
  for (const [i, sample] of samples.entries()) {
    all.positions.set(sample.positions, i * points * 3);
    all.features.set(sample.features, i * points * channels);
    all.labels.set(sample.labels, i * points);
  }
  const positions = tensor3d(all.positions, [batch, points, 3]);
  let features: Tensor3D;
  try {
    features = tensor3d(all.features, [batch, points, channels]);
  } catch (error) {
    positions.dispose();
    throw error;
  }
  return {
    ids: samples.map(({ id }) => id),
    size: batch,
    positions,
    coordinates: all.positions,
    features,
    labels: all.labels,
    scenes: samples.map(({ scene }) => scene),
    points: samples.map((sample) => sample.points),
    dispose() {
      positions.dispose();
      features.dispose();
    },
  };
}
