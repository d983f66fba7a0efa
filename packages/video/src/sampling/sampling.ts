/** Which frames of a clip make a sample. */
import { type Random, requireWhole } from '@dr2net/models';

/** Which frames of a clip make a sample: {@link uniformSampling} and {@link denseSampling} make one. */
export interface Sampling {
  /** Frames in a sample. */
  readonly frames: number;
  /** Part of a cached clip's key: equal keys have equal candidates. */
  readonly key: string;
  /** The frames that any draw may take of a clip of `total` frames, ascending: what is worth decoding and keeping. */
  candidates(total: number): number[];
  /** A random sample, for training: `frames` frame numbers, not descending. */
  draw(total: number, random: Random): number[];
  /** Sample number `view` of `views`, the same every time, for evaluation. */
  view(total: number, view: number, views: number): number[];
}

function positive(value: number, what: string): number {
  requireWhole(value, 1, what);
  return value;
}

const ascending = (frames: Iterable<number>) => [...new Set(frames)].sort((a, b) => a - b);

/** Segments of {@link uniformSampling}. */
export interface UniformOptions {
  /** Candidate frames in each segment; odd, so that the middle is one. More are more variety in training, and a larger cache. Default 5. */
  readonly candidates?: number;
}

/**
 * One frame from each of `frames` equal segments (TSN, arXiv 1608.00859, section 3.1): a random one in training, the
 * middle one in evaluation. A clip shorter than that repeats frames.
 */
export function uniformSampling(frames: number, { candidates = 5 }: UniformOptions = {}): Sampling {
  positive(frames, 'frames');
  if (positive(candidates, 'candidates') % 2 === 0)
    throw new RangeError(
      `candidates is ${candidates}; it must be odd, so that the middle of a segment is one of them.`,
    );
  // Candidate `j` of segment `k`: the frame at the middle of the j-th part of the segment.
  const frame = (total: number, k: number, j: number) => Math.floor(((k + (j + 0.5) / candidates) * total) / frames);
  const segments = Array.from({ length: frames }, (_, k) => k);
  return {
    frames,
    key: `uniform-${frames}-${candidates}`,
    candidates: (total) =>
      ascending(segments.flatMap((k) => Array.from({ length: candidates }, (_, j) => frame(total, k, j)))),
    draw: (total, random) => segments.map((k) => frame(total, k, random.below(candidates))),
    view(total, view, views) {
      if (views > candidates)
        throw new RangeError(
          `${views} temporal views of ${candidates} candidates a segment; ask for ${candidates} at most, or more candidates.`,
        );
      const j = Math.floor(((view + 0.5) * candidates) / views);
      return segments.map((k) => frame(total, k, j));
    },
  };
}

/** Stride and places of {@link denseSampling}. */
export interface DenseOptions {
  /** Frames from one to the next. Default 4. */
  readonly stride?: number;
  /** Places where a sample may begin, spread evenly over the clip. Default 9. */
  readonly starts?: number;
}

/** `frames` frames at a fixed stride, from a random start in training; the last frame repeats where the clip ends. */
export function denseSampling(frames: number, { stride = 4, starts = 9 }: DenseOptions = {}): Sampling {
  positive(frames, 'frames');
  positive(stride, 'stride');
  positive(starts, 'starts');
  const span = (frames - 1) * stride + 1;
  const from = (total: number, share: number) => {
    const first = Math.round(Math.max(0, total - span) * share);
    return Array.from({ length: frames }, (_, i) => Math.min(first + i * stride, total - 1));
  };
  // The starts are the middles of equal parts and the middle of the clip, so that evaluation asks for no other frame.
  const share = (i: number) => (i + 0.5) / starts;
  return {
    frames,
    key: `dense-${frames}-${stride}-${starts}`,
    candidates: (total) => ascending(Array.from({ length: starts }, (_, i) => from(total, share(i))).flat()),
    draw: (total, random) => from(total, share(random.below(starts))),
    view(total, view, views) {
      if (views > starts)
        throw new RangeError(`${views} temporal views of ${starts} starts; ask for ${starts} at most, or more starts.`);
      return from(total, share(Math.floor(((view + 0.5) * starts) / views)));
    },
  };
}
