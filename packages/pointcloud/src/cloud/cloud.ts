/** A point cloud: one contract, whatever file it came from. */

/** An offset in float64, which positions in float32 are relative to. */
export type Origin = readonly [number, number, number];

/** A point cloud, whatever file it came from. */
export interface PointCloud {
  /** What messages, batches and random seeds call the cloud. */
  readonly id: string;
  /** Points, 1 or more. */
  readonly count: number;
  /** Zeros, unless the coordinates are too large for float32. */
  readonly origin: Origin;
  /** `[count, 3]`: x, y, z less the origin, in the file's unit, finite. */
  readonly positions: Float32Array;
  /** `[count, 3]`: red, green, blue, 0 … 255. */
  readonly colours?: Uint8Array;
  /** [count], as in the file. */
  readonly intensity?: Float32Array;
  /** `[count]`: the file's codes, or class indices once a class table has been applied. */
  readonly labels?: Int32Array;
  /** Other columns of the file, each [count], by name. */
  readonly features: Readonly<Record<string, Float32Array>>;
  /** What a person should know of how the cloud was read (that it was recentred, above all). */
  readonly notes: readonly string[];
}

/** The points with the given numbers, in that order; a number may occur more than once. */
export function selectPoints(cloud: PointCloud, indices: ArrayLike<number>): PointCloud {
  const count = indices.length;
  const single = <T extends Float32Array | Int32Array>(values: T, out: T): T => {
    for (let i = 0; i < count; i++) out[i] = values[indices[i] as number] as number;
    return out;
  };
  const triple = <T extends Float32Array | Uint8Array>(values: T, out: T): T => {
    for (let i = 0; i < count; i++)
      for (let axis = 0; axis < 3; axis++) out[3 * i + axis] = values[3 * (indices[i] as number) + axis] as number;
    return out;
  };
  const { colours, intensity, labels } = cloud;
  return {
    id: cloud.id,
    count,
    origin: cloud.origin,
    notes: cloud.notes,
    positions: triple(cloud.positions, new Float32Array(3 * count)),
    features: Object.fromEntries(
      Object.entries(cloud.features).map(([name, values]) => [name, single(values, new Float32Array(count))]),
    ),
    ...(colours ? { colours: triple(colours, new Uint8Array(3 * count)) } : {}),
    ...(intensity ? { intensity: single(intensity, new Float32Array(count)) } : {}),
    ...(labels ? { labels: single(labels, new Int32Array(count)) } : {}),
  };
}

/** Least and largest offset along each axis, [3] each, relative to the origin. */
export function bounds(positions: Float32Array): { least: Origin; most: Origin } {
  const least: [number, number, number] = [Infinity, Infinity, Infinity];
  const most: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i += 3)
    for (let axis = 0; axis < 3; axis++) {
      const value = positions[i + axis] as number;
      if (value < (least[axis] as number)) least[axis] = value;
      if (value > (most[axis] as number)) most[axis] = value;
    }
  return { least, most };
}
