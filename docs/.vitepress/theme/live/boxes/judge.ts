/** What was found in a picture, beside its truth. */
import { boxIou } from '@dr2net/detection';
import type { Found, Truth } from '../../../../workers/boxes/protocol.ts';

/** Intersection over union from which on a box stands for an object, as in AP50. */
const enough = 0.5;

export interface Judged {
  /** The largest overlap of each box with an object of its class, 0 … 1. */
  readonly overlaps: readonly number[];
  /** Objects that a box stands for. */
  readonly objects: number;
  /** Boxes that stand for none: of another class, beside an object, or the second of one. */
  readonly wrong: number;
}

/** @param found by falling score: of two boxes of an object the surer one stands for it */
export function judge(truth: readonly Truth[], found: readonly Found[]): Judged {
  const open = new Set(truth);
  const overlaps = found.map(({ label, box }) => {
    const same = truth
      .filter((object) => object.label === label)
      .map((object) => ({ object, overlap: boxIou(box, object.box)[0] ?? 0 }))
      .sort((a, b) => b.overlap - a.overlap);
    const stands = same.find(({ object, overlap }) => overlap >= enough && open.has(object));
    if (stands) open.delete(stands.object);
    return same[0]?.overlap ?? 0;
  });
  const objects = truth.length - open.size;
  return { overlaps, objects, wrong: found.length - objects };
}
