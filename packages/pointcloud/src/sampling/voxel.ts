/** One point a voxel, and the way back from every point to the one that stands for it. */
import { randomFrom } from '@dr2net/models';

/** How a cloud is thinned. */
export interface VoxelOptions {
  /** Side of a voxel, in the cloud's unit. */
  readonly side: number;
  /** The point nearest to the voxel's centre (default), or any one. */
  readonly pick?: 'centre' | 'random';
  /** For `random`. Default 0. */
  readonly seed?: number;
}

/** The points that are kept, and the one that stands for each. */
export interface Voxels {
  /** The points that are kept, ascending. */
  readonly kept: Int32Array;
  /** For every point, the place in `kept` of the one that stands for it. */
  readonly standIn: Int32Array;
}

const mix = (a: number) => {
  let h = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A voxel's number for every point, by open addressing over the voxels' integer coordinates. */
function voxelNumbers(positions: Float32Array, side: number): { voxelOf: Int32Array; voxels: number } {
  const count = positions.length / 3;
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  // Float64: a coordinate over a small side may exceed 32 bits.
  const cells = new Float64Array(3 * count);
  const voxelOf = new Int32Array(count);
  let voxels = 0;
  for (let i = 0; i < count; i++) {
    const x = Math.floor((positions[3 * i] as number) / side);
    const y = Math.floor((positions[3 * i + 1] as number) / side);
    const z = Math.floor((positions[3 * i + 2] as number) / side);
    let slot = mix(mix(mix(x | 0) ^ (y | 0)) ^ (z | 0)) & mask;
    for (;;) {
      const voxel = slots[slot] as number;
      if (voxel < 0) {
        slots[slot] = voxels;
        cells.set([x, y, z], 3 * voxels);
        voxelOf[i] = voxels++;
        break;
      }
      if (cells[3 * voxel] === x && cells[3 * voxel + 1] === y && cells[3 * voxel + 2] === z) {
        voxelOf[i] = voxel;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return { voxelOf, voxels };
}

/**
 * Deterministic: equal positions and options keep equal points. Of equally good points the lowest number wins.
 * @param positions [count, 3]
 * @throws RangeError for a side that is not above 0
 */
export function voxelSubsample(positions: Float32Array, { side, pick = 'centre', seed = 0 }: VoxelOptions): Voxels {
  if (!(side > 0 && Number.isFinite(side)))
    throw new RangeError(`The voxel's side is ${side}; it must be above 0, in the cloud's unit.`);
  const count = positions.length / 3;
  const { voxelOf, voxels } = voxelNumbers(positions, side);
  const salt = randomFrom(seed, 'voxel').below(2 ** 32);
  const fromCentre = (value: number) => value / side - Math.floor(value / side) - 0.5;
  const cost = (i: number) =>
    pick === 'random'
      ? mix(salt ^ i)
      : fromCentre(positions[3 * i] as number) ** 2 +
        fromCentre(positions[3 * i + 1] as number) ** 2 +
        fromCentre(positions[3 * i + 2] as number) ** 2;
  const best = new Int32Array(voxels).fill(-1);
  const costs = new Float64Array(voxels).fill(Infinity);
  for (let i = 0; i < count; i++) {
    const [voxel, own] = [voxelOf[i] as number, cost(i)];
    if (own < (costs[voxel] as number)) {
      costs[voxel] = own;
      best[voxel] = i;
    }
  }
  const kept = best.slice().sort();
  const place = new Int32Array(count);
  for (const [at, point] of kept.entries()) place[point] = at;
  return { kept, standIn: voxelOf.map((voxel) => place[best[voxel] as number] as number) };
}
