/** The maps of point networks (PointNet++, arXiv 1706.02413): neighbours of groups, and interpolation from three. */
import { RowMap } from './map.ts';

/** What {@link groupingMap} is made of. */
export interface GroupingParts {
  /** Points of all clouds of the batch, one after the other. */
  readonly points: number;
  /** Neighbours of a group. */
  readonly size: number;
  /** `[groups·size]`: neighbours by their place in the batch. */
  readonly neighbours: Int32Array;
  /** `[groups]`: centres by their place in the batch; given, differences from the centre are grouped. */
  readonly centres?: Int32Array;
}

/** For `mapRows`: features [points, C] → [groups·size, C], of neighbours, less the centre's where centres are given. */
export function groupingMap({ points, size, neighbours, centres }: GroupingParts): RowMap {
  if (!centres) return new RowMap({ from: points, each: 1, sources: neighbours });
  if (centres.length * size !== neighbours.length)
    throw new RangeError(
      `groupingMap: ${centres.length} centres and ${neighbours.length} neighbours are no groups of ${size}.`,
    );
  const sources = new Int32Array(2 * neighbours.length);
  const weights = new Float32Array(sources.length);
  for (let i = 0; i < neighbours.length; i++) {
    sources[2 * i] = neighbours[i]!;
    sources[2 * i + 1] = centres[Math.floor(i / size)]!;
    weights[2 * i] = 1;
    weights[2 * i + 1] = -1;
  }
  return new RowMap({ from: points, each: 2, sources, weights });
}

/**
 * For `mapRows`: features [known, C] → [queries, C], of each query the weighted mean of three.
 * @param known points that have features, of all clouds of the batch
 * @param indices [queries·3], places in the batch (see `threeNearest`)
 * @param weights [queries·3]
 */
export function interpolationMap(known: number, indices: Int32Array, weights: Float32Array): RowMap {
  return new RowMap({ from: known, each: 3, sources: indices, weights });
}
