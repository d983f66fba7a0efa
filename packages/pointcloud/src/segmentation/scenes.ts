/** Whole scenes by votes: samples that overlap, scene after scene, and the classes of all points. */
import type { BatchSource } from '@dr2net/models';
import { PointVotes, spread, type VoteKind } from '../inference/votes.ts';
import type { PointBatch } from '../source/batch.ts';
import type { PreparedScene } from '../source/scenes.ts';

/** Batches of scenes, and the scenes that they are of: what `pointSource` gives. */
export interface SceneSource extends BatchSource<PointBatch> {
  scene(id: string): Promise<PreparedScene>;
}

/** How whole scenes are gone through. */
export interface SegmentOptions {
  readonly signal?: AbortSignal;
  readonly onBatch?: (done: number) => void;
}

/** A scene and the class of each of its points. */
export interface SegmentedScene {
  readonly id: string;
  readonly scene: PreparedScene;
  /** Class of each point of `scene.cloud`. */
  readonly classes: Uint8Array;
  /** Class of each point of the scene as it was read. */
  readonly allClasses: Uint8Array;
}

export interface SegmentingOptions extends SegmentOptions {
  readonly classes: number;
  readonly votes: VoteKind;
  /** Logits [batch·points·classes] of a batch, borrowed. */
  readonly logits: (batch: PointBatch) => Promise<Float32Array>;
}

async function finished(scene: PreparedScene, votes: PointVotes): Promise<SegmentedScene> {
  const classes = votes.classesOf(scene.cloud.positions);
  return { id: scene.id, scene, classes, allClasses: scene.standIn ? spread(classes, scene.standIn) : classes };
}

/**
 * Scenes in the order of the source, each as soon as its last sample has voted; no more are held than a batch has. Batches are disposed.
 * @throws RangeError when the source gives nothing
 */
export async function* segmentScenes(
  source: SceneSource,
  { classes, votes: kind, logits, signal, onBatch }: SegmentingOptions,
): AsyncGenerator<SegmentedScene, void, undefined> {
  const open = new Map<string, { scene: PreparedScene; votes: PointVotes }>();
  let done = 0;
  for await (const batch of source.epoch({ seed: 0, epoch: 0, ...(signal ? { signal } : {}) })) {
    try {
      const values = await logits(batch);
      const each = values.length / batch.size;
      for (const [i, id] of batch.scenes.entries()) {
        let entry = open.get(id);
        if (!entry) {
          const scene = await source.scene(id);
          entry = { scene, votes: new PointVotes(scene.cloud.count, classes, kind) };
          open.set(id, entry);
        }
        entry.votes.add(batch.points[i] as Int32Array, values.subarray(i * each, (i + 1) * each));
      }
    } finally {
      batch.dispose();
    }
    done++;
    onBatch?.(done);
    const last = batch.scenes.at(-1);
    for (const [id, { scene, votes }] of open) {
      if (id === last) continue;
      open.delete(id);
      yield await finished(scene, votes);
    }
  }
  if (done === 0) throw new RangeError('There is no scene to segment: the source gave no batch.');
  for (const { scene, votes } of open.values()) yield await finished(scene, votes);
}
