/** All images of one category: overlaps, and what is right at every threshold, for every size class. */
import type { CategoryDetections } from './curves.ts';
import { matchDetections } from './match.ts';
import { cocoLimits, cocoSizes } from './parameters.ts';
import { type Region, regionOverlap } from './region.ts';

export interface TrueRegion extends Region {
  /** Decides the size class; of the annotation, which may differ from the region's. */
  readonly objectArea: number;
  readonly crowd: boolean;
}

export interface FoundRegion extends Region {
  readonly score: number;
}

/** Of one image; detections in any order. */
export interface ImageRegions {
  readonly truths: readonly TrueRegion[];
  readonly detections: readonly FoundRegion[];
}

const mostDetections = Math.max(...cocoLimits);

/** @param images those that have an object or a detection of the category, in the order that ties of scores keep */
export function matchCategory(images: readonly ImageRegions[]): CategoryDetections {
  const [scores, ranks]: [number[], number[]] = [[], []];
  const sizes = cocoSizes.map(() => ({ matched: [] as number[], ignored: [] as number[], truths: 0 }));
  for (const { truths, detections } of images) {
    // Array's sort is stable, as COCO's is: of equal scores the first stays first.
    const found = [...detections].sort((a, b) => b.score - a.score).slice(0, mostDetections);
    const overlaps = new Float64Array(found.length * truths.length);
    for (const [d, detection] of found.entries()) {
      scores.push(detection.score);
      ranks.push(d);
      for (const [g, truth] of truths.entries())
        overlaps[d * truths.length + g] = regionOverlap(detection, truth, truth.crowd);
    }
    const crowd = truths.map((truth) => truth.crowd);
    for (const [a, { from, to }] of cocoSizes.entries()) {
      const size = sizes[a] as (typeof sizes)[number];
      const ignored = truths.map((truth) => truth.crowd || truth.objectArea < from || truth.objectArea > to);
      const outside = found.map(({ area }) => area < from || area > to);
      const bits = matchDetections(overlaps, { ignored, crowd }, outside);
      size.truths += ignored.filter((not) => !not).length;
      for (let d = 0; d < found.length; d++) {
        size.matched.push(bits.matched[d] as number);
        size.ignored.push(bits.ignored[d] as number);
      }
    }
  }
  return { scores, ranks, sizes };
}
