/** A part of a scene: bounds on its coordinates, as a split list writes them: `x<-10 y>=5`. */
import type { PointCloud } from '../cloud/cloud.ts';
import { selectPoints } from '../cloud/cloud.ts';
import { BadCloudError, CloudDatasetError } from '../errors.ts';

interface Bound {
  readonly axis: 0 | 1 | 2;
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly value: number;
}

/** Points that keep all bounds; coordinates are those of the file. */
export interface Region {
  readonly text: string;
  readonly bounds: readonly Bound[];
}

/**
 * A region from its words, such as a command line has.
 * @throws CloudDatasetError where a bound is not understood
 */
export function parseRegion(text: string): Region {
  const bounds = text
    .trim()
    .split(/\s+/)
    .map((word): Bound => {
      const [, axis, operator, value] = /^([xyz])(<=|>=|<|>)([-+]?[\d.]+(?:e[-+]?\d+)?)$/.exec(word) ?? [];
      if (axis === undefined || !Number.isFinite(Number(value)))
        throw new CloudDatasetError(`Bound "${word}" is not understood; write x<-10, y>=5, without blanks.`);
      return {
        axis: 'xyz'.indexOf(axis) as Bound['axis'],
        operator: operator as Bound['operator'],
        value: Number(value),
      };
    });
  return { text: text.trim(), bounds };
}

const keeps = (value: number, { operator, value: limit }: Bound) =>
  ({ '<': value < limit, '<=': value <= limit, '>': value > limit, '>=': value >= limit })[operator];

/** Whether a place may be in both; an absent region is all of space. */
export function regionsMeet(a: Region | undefined, b: Region | undefined): boolean {
  const bounds = [...(a?.bounds ?? []), ...(b?.bounds ?? [])];
  return bounds.every((low) =>
    bounds.every((high) => {
      if (low.axis !== high.axis || low.operator.startsWith('<') || high.operator.startsWith('>')) return true;
      return low.value < high.value || (low.value === high.value && low.operator === '>=' && high.operator === '<=');
    }),
  );
}

/** @throws BadCloudError where no point is left */
export function withinRegion(cloud: PointCloud, region: Region): PointCloud {
  const { positions, origin, count } = cloud;
  const inside: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = (axis: number) => (positions[3 * i + axis] as number) + (origin[axis] as number);
    if (region.bounds.every((bound) => keeps(at(bound.axis), bound))) inside.push(i);
  }
  if (inside.length === 0)
    throw new BadCloudError(cloud.id, 'empty', `no point keeps ${region.text}. Change the bounds in the split.`);
  return selectPoints(cloud, inside);
}
