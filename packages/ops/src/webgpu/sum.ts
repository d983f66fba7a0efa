/**
 * Sums over a workgroup, in a fixed order: no float atomics, so the same bits every time. Two ways: through workgroup memory alone, and by
 * subgroups where the device has them, of any size and with lanes in any of them.
 */

import { webgpuBackend } from './backend.ts';
import type { Shader } from './dispatch.ts';

/** Lanes of the workgroups that sum. */
export const lanes = 64;

export type Way = 'plain' | 'subgroups';

/** The way of the current device. */
export const wayHere = (): Way => (webgpuBackend().device.features.has('subgroups') ? 'subgroups' : 'plain');

interface Reduction {
  readonly name: string;
  /** The function of a subgroup. */
  readonly subgroup: string;
  readonly start: string;
  readonly join: (a: string, b: string) => string;
}

const total: Reduction = { name: 'total', subgroup: 'subgroupAdd', start: '0.0', join: (a, b) => `${a} + ${b}` };
const largest: Reduction = {
  name: 'largest',
  subgroup: 'subgroupMax',
  start: '-3.4028234e38',
  join: (a, b) => `max(${a}, ${b})`,
};

const plain = ({ name, start, join }: Reduction) => `
fn ${name}(lane: u32, x: f32) -> f32 {
  parts[lane] = x;
  workgroupBarrier();
  var all = ${start};
  for (var i = 0u; i < ${lanes}u; i++) { all = ${join('all', 'parts[i]')}; }
  workgroupBarrier();
  return all;
}`;

/** A subgroup's first lane is a bit of `leaders`: which lanes make a subgroup is the device's choice, the order of the first ones is ours. */
const bySubgroups = ({ name, subgroup, start, join }: Reduction) => `
fn ${name}(lane: u32, x: f32) -> f32 {
  let part = ${subgroup}(x);
  if (subgroupMin(lane) == lane) {
    parts[lane] = part;
    atomicOr(&leaders[lane / 32u], 1u << (lane % 32u));
  }
  workgroupBarrier();
  var all = ${start};
  for (var word = 0u; word < ${lanes / 32}u; word++) {
    for (var left = atomicLoad(&leaders[word]); left != 0u; left &= left - 1u) {
      all = ${join('all', 'parts[32u * word + firstTrailingBit(left)]')};
    }
  }
  workgroupBarrier();
  return all;
}`;

const parts = `var<workgroup> parts: array<f32, ${lanes}>;`;
const leaders = `var<workgroup> leaders: array<atomic<u32>, ${lanes / 32}>;`;

/**
 * A shader in both ways. `total(lane, x)` and `largest(lane, x)`: Σ and max of x over the lanes, for every lane; called by all of them
 * together.
 */
export function bothWays(shader: Omit<Shader, 'workgroup' | 'features' | 'head'>): Readonly<Record<Way, Shader>> {
  const workgroup = [lanes, 1, 1] as const;
  return {
    plain: { ...shader, workgroup, head: parts + plain(total) + plain(largest) },
    subgroups: {
      ...shader,
      name: `${shader.name} subgroups`,
      features: ['subgroups'],
      workgroup,
      head: parts + leaders + bySubgroups(total) + bySubgroups(largest),
    },
  };
}
