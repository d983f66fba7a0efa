/**
 * A scene with what was found in it, as reports draw it, and the file of it that a run leaves behind so that a report can be
 * made again: a PLY that other programs show too, coloured by the prediction.
 */
import { Confusion, encodePly, ignoredLabel, type Origin, readCloud, segmentationMetrics } from '@dr2net/pointcloud';

/** A scene with what was found in it. */
export interface SceneRecord {
  readonly id: string;
  /** [points, 3], relative to `origin`. */
  readonly positions: Float32Array;
  /** `[points]`: class indices, 255 where a label is not counted; null without labels. */
  readonly truth: ArrayLike<number> | null;
  /** `[points]`: class indices. */
  readonly predicted: ArrayLike<number>;
  /** Their names. */
  readonly classes: readonly string[];
  /** Of each class, a fraction, null where nothing was counted. Default: of this scene's points. */
  readonly iou?: readonly (number | null)[];
  /** Added to coordinates that are shown. Default zeros. */
  readonly origin?: Origin;
}

/** @throws RangeError for counts that differ and labels that are no class */
export function checkScene({ id, positions, truth, predicted, classes }: SceneRecord): void {
  const count = positions.length / 3;
  if (!(Number.isInteger(count) && count > 0))
    throw new RangeError(`${id}: ${positions.length} coordinates; three for each of one point or more are needed.`);
  for (const [name, labels] of [
    ['true label', truth],
    ['predicted label', predicted],
  ] as const) {
    if (!labels) continue;
    if (labels.length !== count) throw new RangeError(`${id}: ${labels.length} ${name}s for ${count} points.`);
    for (let i = 0; i < count; i++) {
      const label = labels[i] as number;
      if (!((Number.isInteger(label) && label >= 0 && label < classes.length) || label === ignoredLabel))
        throw new RangeError(
          `${id}, point ${i}: ${name} ${label} is none of the ${classes.length} classes, nor ${ignoredLabel} (not counted).`,
        );
    }
  }
}

/** The IoU of each class: as recorded, else of the scene's own points; undefined without labels. */
export function sceneIou({ truth, predicted, classes, iou }: SceneRecord): readonly (number | null)[] | undefined {
  if (iou) return iou;
  if (!truth) return undefined;
  const confusion = new Confusion(classes.length);
  // A point that nothing was predicted for is no class; it is left out, as one that is not counted.
  confusion.add(
    Array.from(truth, (label, i) => (predicted[i] === ignoredLabel ? ignoredLabel : label)),
    predicted,
  );
  return segmentationMetrics(confusion.counts).iou;
}

/** PLY: positions, colours of the predicted classes, `label` (the prediction) and, where there are true labels, `truth`. */
export function encodeScene(record: SceneRecord): Uint8Array<ArrayBuffer> {
  checkScene(record);
  const { id, positions, truth, predicted, classes, origin = [0, 0, 0] } = record;
  const cloud = { id, count: positions.length / 3, origin, positions, features: {}, notes: [] };
  return encodePly(cloud, { labels: predicted, classes, ...(truth ? { truth } : {}) });
}

/** The record that {@link encodeScene} wrote; its IoU is the scene's own. @throws BadCloudError where the file is another one */
export async function decodeScene(bytes: Uint8Array<ArrayBuffer>, id: string): Promise<SceneRecord> {
  const { positions, origin, labels = [], features } = await readCloud(new File([bytes], 'scene.ply'), { id });
  const header = new TextDecoder().decode(bytes.subarray(0, 1 << 16)).split('end_header\n')[0] as string;
  const classes: string[] = [];
  for (const [, k, name] of header.matchAll(/^comment class (\d+) (.*)$/gm)) classes[Number(k)] = name as string;
  const record = { id, positions, truth: features.truth ?? null, predicted: labels, classes, origin };
  checkScene(record);
  return record;
}
