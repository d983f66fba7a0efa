/**
 * Which detections of one image and category are right, at every threshold: greedily by falling score, each takes the
 * object that it overlaps most among those that are still free. Crowds take any number. Objects that do not count (crowds,
 * those of another size) are taken only where no other fits, and who takes one is not counted either.
 */
import { cocoThresholds } from './parameters.ts';

/** One bit a threshold, the lowest for the first; [detections]. */
export interface ThresholdBits {
  readonly matched: Uint16Array;
  /** Neither right nor wrong. */
  readonly ignored: Uint16Array;
}

export interface MatchedTruths {
  /** Not counted; [truths]. */
  readonly ignored: readonly boolean[];
  readonly crowd: readonly boolean[];
}

/** An overlap of the threshold itself is enough, with rounding forgiven. */
const leastOverlap = cocoThresholds.map((threshold) => Math.min(threshold, 1 - 1e-10));

const allThresholds = (1 << cocoThresholds.length) - 1;

/**
 * @param overlaps [detections, truths], detections by falling score
 * @param outside whether a detection has a size that is not looked at [detections]: unmatched, it is not counted
 */
export function matchDetections(
  overlaps: Float64Array,
  { ignored, crowd }: MatchedTruths,
  outside: readonly boolean[],
): ThresholdBits {
  const [detections, truths] = [outside.length, ignored.length];
  const bits = {
    matched: new Uint16Array(detections),
    ignored: Uint16Array.from(outside, (is) => (is ? allThresholds : 0)),
  };
  // Objects that count come first; Array's sort keeps the order otherwise.
  const order = ignored.map((_, g) => g).sort((a, b) => Number(ignored[a]) - Number(ignored[b]));
  // Most detections meet nothing at any threshold.
  const candidates = Array.from(outside.keys()).filter((d) => {
    for (let g = 0; g < truths; g++)
      if ((overlaps[d * truths + g] as number) >= (leastOverlap[0] as number)) return true;
    return false;
  });
  if (candidates.length === 0) return bits;
  for (const [t, least] of leastOverlap.entries()) {
    const taken = new Uint8Array(truths);
    for (const d of candidates) {
      let best = -1;
      let overlap = least;
      for (const g of order) {
        if (taken[g] === 1 && !crowd[g]) continue;
        if (best >= 0 && !ignored[best] && ignored[g]) break;
        const here = overlaps[d * truths + g] as number;
        if (here < overlap) continue;
        overlap = here;
        best = g;
      }
      if (best < 0) continue;
      taken[best] = 1;
      const bit = 1 << t;
      bits.matched[d] = (bits.matched[d] as number) | bit;
      const others = (bits.ignored[d] as number) & ~bit;
      bits.ignored[d] = ignored[best] ? others | bit : others;
    }
  }
  return bits;
}
