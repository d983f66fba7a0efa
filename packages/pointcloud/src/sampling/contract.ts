/** Which points of a scene make a sample. */
import type { Random } from '@dr2net/models';

/** Point numbers [points] of the scene. */
export type PointSample = Int32Array;

/** A scene that samples are taken of. */
export interface SceneSampler {
  /** A random sample, for training. */
  draw(random: Random): PointSample;
  /** Samples that have every point of the scene at least once, the same every time, for evaluation. */
  cover(): readonly PointSample[];
}

/** A way to take samples of a scene: {@link blockSampling} and {@link sphereSampling} make one. */
export interface SceneSampling {
  /** Points of a sample. */
  readonly points: number;
  /**
   * @param id the scene, for messages
   * @param positions [count, 3]
   * @throws BadCloudError where the scene has fewer points than a sample
   */
  prepare(id: string, positions: Float32Array): SceneSampler;
}
