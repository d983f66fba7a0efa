/** Scenes made ready to take samples of: read, thinned by voxels, with their sampler; the latest ones are kept. */
import { type PointCloud, selectPoints } from '../cloud/cloud.ts';
import { loadScene } from '../dataset/load.ts';
import type { Scene, SceneDataset } from '../dataset/scene.ts';
import type { OpenSource } from '../reader/source.ts';
import type { PointSample, SceneSampler, SceneSampling } from '../sampling/contract.ts';
import { type VoxelOptions, voxelSubsample } from '../sampling/voxel.ts';
import { cloudBytes } from '../store/format.ts';
import type { CloudStore } from '../store/store.ts';
import { checkFeatures, type Feature } from './features.ts';

/** A scene that samples can be taken of. */
export interface PreparedScene {
  readonly id: string;
  /** Thinned, with class indices as labels. */
  readonly cloud: PointCloud;
  /** For every point of the scene as it was read, the place in `cloud` of the one that stands for it; absent without voxels. */
  readonly standIn?: Int32Array;
  /** Class indices of every point of the scene as it was read. */
  readonly allLabels: Int32Array;
  readonly sampler: SceneSampler;
  /** The samples that have every point; made when they are first asked for. */
  readonly cover: () => readonly PointSample[];
  readonly brightest: number;
}

export interface ScenesOptions {
  readonly open: OpenSource;
  readonly store: CloudStore | undefined;
  readonly sampling: SceneSampling;
  readonly voxel: VoxelOptions | undefined;
  readonly features: readonly Feature[];
  /** Bytes of clouds that are kept in memory. */
  readonly memory: number;
}

export type GetScene = (scene: Scene) => Promise<PreparedScene>;

async function prepare(scene: Scene, dataset: SceneDataset, options: ScenesOptions): Promise<PreparedScene> {
  const { open, store, sampling, voxel, features } = options;
  const whole = await loadScene(scene, dataset, { open, store });
  checkFeatures(whole, features);
  const voxels = voxel && voxelSubsample(whole.positions, voxel);
  const cloud = voxels ? selectPoints(whole, voxels.kept) : whole;
  const sampler = sampling.prepare(scene.id, cloud.positions);
  let cover: readonly PointSample[] | undefined;
  return {
    id: scene.id,
    cloud,
    ...(voxels ? { standIn: voxels.standIn } : {}),
    allLabels: whole.labels as Int32Array,
    sampler,
    cover: () => {
      cover ??= sampler.cover();
      return cover;
    },
    brightest: cloud.intensity?.reduce((most, value) => Math.max(most, value), 0) || 1,
  };
}

/** Each scene is prepared once while it is kept; of those that were not used for longest, none is kept beyond `memory`. */
export function keptScenes(dataset: SceneDataset, options: ScenesOptions): GetScene {
  const kept = new Map<string, { scene: Promise<PreparedScene>; bytes: number }>();
  let used = 0;
  return async (scene) => {
    const known = kept.get(scene.id);
    if (known) {
      kept.delete(scene.id);
      kept.set(scene.id, known);
      return known.scene;
    }
    const entry = { scene: prepare(scene, dataset, options), bytes: 0 };
    kept.set(scene.id, entry);
    try {
      const made = await entry.scene;
      if (kept.get(scene.id) !== entry) return made;
      // The cover takes about as much as the positions.
      entry.bytes = 2 * cloudBytes(made.cloud) + made.allLabels.byteLength;
      used += entry.bytes;
      for (const [id, { bytes }] of kept) {
        if (used <= options.memory || id === scene.id) break;
        kept.delete(id);
        used -= bytes;
      }
      return made;
    } catch (error) {
      if (kept.get(scene.id) === entry) kept.delete(scene.id);
      throw error;
    }
  };
}
