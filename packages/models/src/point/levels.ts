/** How many points each level of a segmenter has, and whether they make its groups. */
import { ModelOptionError } from '../errors.ts';
import type { PointSpec } from './spec.ts';

/** Points of one cloud, level by level. */
export interface PointLevels {
  /** The points, and what each stage of the embedding leaves of them; the last are the groups. */
  readonly embed: readonly number[];
  /** Where each stage of the decoder is, finest first, and the groups. */
  readonly decoder: readonly number[];
}

function counts({ embed, decoder }: PointSpec, points: number): PointLevels {
  const below = [points];
  for (let i = 0; i < embed.stages; i++) below.push(Math.floor(below[i]! * embed.ratio));
  const fine = decoder.progressive ? below.slice(0, -1) : [points];
  while (fine.length < decoder.stages) fine.push(Math.floor(fine.at(-1)! / decoder.scale));
  return { embed: below, decoder: [...fine, below.at(-1)!] };
}

/** What so many points lack, in words; undefined where they are enough. */
function lack({ embed }: PointSpec, points: number, levels: PointLevels): string | undefined {
  if ([...levels.embed, ...levels.decoder].some((count) => count < 1)) return `${points} points leave no group`;
  // Within a radius a group repeats what it has; of nearest points there must be as many as a group takes.
  if (embed.radius !== null) return undefined;
  const stage = levels.embed.slice(0, -1).findIndex((count) => count < embed.size);
  if (stage < 0) return undefined;
  return stage === 0
    ? `${points} points are fewer than the ${embed.size} of a group`
    : `${points} points leave ${levels.embed[stage]} to stage ${stage + 1} of the embedding, whose groups take ${embed.size}`;
}

/**
 * How many points each level of a segmenter has.
 * @param points of a cloud
 * @throws {ModelOptionError} where they leave no group, or fewer than a group takes, with how many are needed
 */
export function pointLevels(spec: PointSpec, points: number): PointLevels {
  if (!Number.isSafeInteger(points) || points < 1)
    throw new ModelOptionError(`points is ${points}; it must be a whole number of points of a sample, at least 1.`);
  const levels = counts(spec, points);
  const lacking = lack(spec, points, levels);
  if (lacking === undefined) return levels;
  let enough = points + 1;
  while (lack(spec, enough, counts(spec, enough)) !== undefined) enough++;
  throw new ModelOptionError(`${lacking}; give samples ${enough} points or more, or make groups smaller.`);
}
