/** A scene as a page shows it: no more points than a browser turns about with ease, 8 bytes each. */
import { randomFrom } from '@dr2net/models';
import { classColour, errorColours, heightColour, ignoredLabel } from '@dr2net/pointcloud';
import type { PageScene, SceneInfo, ScenePoints } from '../../viewer/data.ts';
import { checkScene, type SceneRecord } from './record.ts';

export interface QuantiseOptions {
  /** Points in the page at most. */
  readonly budget: number;
  readonly unit: string;
}

const base64 = (values: Uint8Array | Uint16Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

/** Which points are kept: all, or a choice at random, which leaves the shares of the classes; the same for the same scene. */
function chosen(count: number, budget: number, id: string): Int32Array {
  const all = Int32Array.from({ length: count }, (_, i) => i);
  if (count <= budget) return all;
  const random = randomFrom(0, `page of ${id}`);
  for (let i = 0; i < budget; i++) {
    const other = i + random.below(count - i);
    [all[i], all[other]] = [all[other] as number, all[i] as number];
  }
  return all.subarray(0, budget).sort();
}

/** A record, and where the scan has them its colours [points, 3]. */
export type ShownScene = SceneRecord & { readonly colours?: Uint8Array | null };

/** @throws RangeError for counts that differ, labels that are no class, and a budget below 1 */
export function pointsToShow(
  record: ShownScene,
  { budget, unit }: QuantiseOptions,
): { info: SceneInfo; points: ScenePoints } {
  checkScene(record);
  if (!(Number.isInteger(budget) && budget > 0))
    throw new RangeError(`points is ${budget}; a page shows a whole number of points, 1 or more.`);
  const { id, positions, truth, predicted, classes, colours = null, origin = [0, 0, 0] } = record;
  const total = positions.length / 3;
  const kept = chosen(total, budget, id);
  const axes = [0, 1, 2].map((axis) => {
    let [least, most] = [Infinity, -Infinity];
    for (const i of kept) {
      const value = positions[3 * i + axis] as number;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return { least, extent: most - least };
  });
  const places = new Uint16Array(3 * kept.length);
  for (const [at, i] of kept.entries())
    for (const [axis, { least, extent }] of axes.entries())
      places[3 * at + axis] =
        extent > 0 ? Math.round((65535 * ((positions[3 * i + axis] as number) - least)) / extent) : 32768;
  const labels = (values: ArrayLike<number>) => Uint8Array.from(kept, (i) => values[i] as number);
  const info = {
    id,
    unit,
    classes,
    classColours: classes.map((_, k) => classColour(k)),
    errorColours,
    heightColours: Array.from({ length: 64 }, (_, k) => heightColour(k / 63)),
    ignored: ignoredLabel,
    count: kept.length,
    total,
    least: axes.map(({ least }, axis) => least + (origin[axis] as number)),
    extent: axes.map(({ extent }) => extent),
  };
  const coloursOf = (own: Uint8Array) =>
    Uint8Array.from(
      { length: 3 * kept.length },
      (_, at) => own[3 * (kept[Math.floor(at / 3)] as number) + (at % 3)] as number,
    );
  return {
    info,
    points: {
      positions: places,
      truth: truth ? labels(truth) : null,
      predicted: labels(predicted),
      colours: colours && coloursOf(colours),
    },
  };
}

/** The same as JSON carries it. */
export function quantiseScene(record: SceneRecord, options: QuantiseOptions): PageScene {
  const { info, points } = pointsToShow(record, options);
  const { positions, truth, predicted } = points;
  return { ...info, positions: base64(positions), truth: truth && base64(truth), predicted: base64(predicted) };
}
