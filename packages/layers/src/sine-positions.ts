/** Sine position embeddings of padded maps (DETR, Carion et al., arXiv 2005.12872, appendix A.4; Deformable DETR's with its half cell). */

export interface SinePositionOptions {
  /** Numbers of the embedding along each axis, even: half of its width. */
  readonly features: number;
  /** Ratio of the longest period to the shortest; default 10,000. */
  readonly temperature?: number;
  /** Whether places run from 0 to `scale` over what is not padding, as in DETR; else they are counted in cells. Default true. */
  readonly normalize?: boolean;
  /** Where normalized places end; default 2π. */
  readonly scale?: number;
  /** Added to normalized places, in cells: 0 (default) in DETR, −0.5 in Deformable DETR. */
  readonly offset?: number;
  /** Added to the number of cells before division by it; default 1e-6. */
  readonly epsilon?: number;
}

/** A batch of maps of which a part is padding. */
export interface PaddedMap {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** [batch·height·width], 1 (or true) where a map is padding; default nowhere. */
  readonly padding?: ArrayLike<number>;
}

/** Cells up to each one along an axis that are not padding. */
function counted({ batch, height, width, padding }: PaddedMap, step: number, length: number): Float64Array {
  const counts = new Float64Array(batch * height * width);
  for (let i = 0; i < counts.length; i++) {
    const isFirst = Math.floor(i / step) % length === 0;
    counts[i] = (isFirst ? 0 : counts[i - step]!) + (padding?.[i] ? 0 : 1);
  }
  return counts;
}

/**
 * Of each cell the embedding of y, then that of x, sines and cosines in turn.
 * @returns [batch·height·width·2·features]
 * @throws RangeError for features that are odd or not positive, and padding of another size
 */
export function sinePositions(map: PaddedMap, options: SinePositionOptions): Float32Array {
  const { batch, height, width, padding } = map;
  const { features, temperature = 10_000, normalize = true, scale = 2 * Math.PI, offset = 0, epsilon = 1e-6 } = options;
  const cells = batch * height * width;
  if (!Number.isInteger(features) || features < 2 || features % 2 !== 0)
    throw new RangeError(`sinePositions: features is ${features}; an even number of 2 or more is needed.`);
  if (padding && padding.length !== cells)
    throw new RangeError(
      `sinePositions: padding has ${padding.length} cells; ${batch} × ${height} × ${width} are needed.`,
    );
  const table = new Float32Array(cells * 2 * features);
  const axes = [
    { step: width, length: height },
    { step: 1, length: width },
  ];
  const frequencies = Float64Array.from(
    { length: features },
    (_, f) => temperature ** ((2 * Math.floor(f / 2)) / features),
  );
  for (const [axis, { step, length }] of axes.entries()) {
    const counts = counted(map, step, length);
    // Along the other axis places often repeat: what was computed for one is copied for the next.
    const beside = axis === 0 ? 1 : width;
    const places = new Float64Array(cells);
    for (let i = 0; i < cells; i++) {
      const index = Math.floor(i / step) % length;
      const all = counts[i + (length - 1 - index) * step]!;
      const place = normalize ? ((counts[i]! + offset) / (all + epsilon)) * scale : counts[i]!;
      places[i] = place;
      const to = (2 * i + axis) * features;
      if (i >= beside && places[i - beside] === place) {
        const from = to - 2 * beside * features;
        table.copyWithin(to, from, from + features);
        continue;
      }
      for (let f = 0; f < features; f++) {
        const angle = place / frequencies[f]!;
        table[to + f] = f % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }
    }
  }
  return table;
}
