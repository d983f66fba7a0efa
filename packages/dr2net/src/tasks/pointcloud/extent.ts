/** Whether samples are of a size that the network can see: its unit is 1, and positions far from it are all but equal, or all but apart. */
import type { CloudForm, PointBatch, PointSource } from '@dr2net/pointcloud';
import { formatNumber } from '../../report/format.ts';

/** Samples that are looked at. */
const enough = 8;

/** Radii, in the network's unit, between which nothing is said; wide, since it is a guess and no more. */
const usual = { least: 0.2, most: 50 } as const;

/** Of each sample: the largest distance of a point from the middle of the sample's box. */
function radiiOf({ coordinates, size }: PointBatch): number[] {
  const length = coordinates.length / size;
  return Array.from({ length: size }, (_, sample) => {
    const own = coordinates.subarray(sample * length, (sample + 1) * length);
    const middle = [0, 1, 2].map((axis) => {
      let [least, most] = [Infinity, -Infinity];
      for (let i = axis; i < length; i += 3) {
        least = Math.min(least, own[i] as number);
        most = Math.max(most, own[i] as number);
      }
      return (least + most) / 2;
    });
    let furthest = 0;
    for (let i = 0; i < length; i += 3)
      furthest = Math.max(furthest, Math.hypot(...middle.map((at, axis) => (own[i + axis] as number) - at)));
    return furthest;
  });
}

/** Median radius of the first samples of an epoch, in units of the form's `unit`. */
export async function medianRadius(source: PointSource, seed: number, signal: AbortSignal): Promise<number> {
  const radii: number[] = [];
  for await (const batch of source.epoch({ seed, epoch: 0, signal })) {
    radii.push(...radiiOf(batch));
    batch.dispose();
    if (radii.length >= enough) break;
  }
  return radii.sort((a, b) => a - b)[Math.floor(radii.length / 2)] as number;
}

/** A length that a person would give: one significant digit, that makes the radius about 4. */
const unitFor = (radius: number) => formatNumber(Number((radius / 4).toPrecision(1)));

function remedies(small: boolean, { region }: CloudForm): readonly string[] {
  if (region === 'block') return [`a ${small ? 'larger' : 'smaller'} --block-side`];
  return small
    ? ['thinner clouds (--voxel)', 'columns of a fixed size (--region block --block-side)']
    : ['fewer --points'];
}

/**
 * What to do where the median radius is far from the network's unit; undefined where it is not.
 * @param radius in units of the form's `unit`
 */
export function extentWarning(radius: number, form: CloudForm): string | undefined {
  if (radius >= usual.least && radius <= usual.most) return undefined;
  const small = radius < usual.least;
  const { unit = 1, points } = form;
  const tries = [`--unit ${unitFor(radius * unit)}`, ...remedies(small, form)];
  return (
    `half of the samples of ${points} points have a radius of ${formatNumber(radius * unit)} or ${small ? 'less' : 'more'}, ${formatNumber(radius)} in units of ${formatNumber(unit)} (--unit): ` +
    `for the network, whose own unit is 1, the points lie ${small ? 'all but at one place' : 'too far apart'}. Try ${tries.join(', or ')}.`
  );
}
