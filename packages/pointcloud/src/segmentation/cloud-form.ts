/** How clouds become a model's input. Saved with it, in `config.json` as `cloud_input`, so that it is used as it was trained. */
import { type ClassSpec, type ClassTable, classTable } from '../dataset/classes.ts';
import { CloudDatasetError } from '../errors.ts';
import { blockSampling } from '../sampling/blocks.ts';
import type { SceneSampling } from '../sampling/contract.ts';
import { sphereSampling } from '../sampling/spheres.ts';
import type { Feature } from '../source/features.ts';

/** How clouds become a model's input; saved with it, so that it is used as it was trained. */
export interface CloudForm {
  /** Points of a sample. */
  readonly points: number;
  /** A sample is the points nearest to a centre, or some of those of a column. */
  readonly region: 'sphere' | 'block';
  /** `block`: side of its base, in the clouds' unit. */
  readonly side?: number;
  /** Side of the voxels by which scenes are thinned first, in the clouds' unit; absent: not thinned. */
  readonly voxel?: number;
  /** The length that counts as 1 in positions and heights, in the clouds' unit; absent: 1. */
  readonly unit?: number;
  readonly features: readonly Feature[];
}

/** The form, and which codes of the files mean which class. */
export interface SavedCloudForm extends CloudForm {
  readonly classes?: ClassTable;
}

const key = 'cloud_input';

/** JSON knows no Infinity: codes without an end have null there. */
type WrittenSpec = { readonly name: string; readonly codes: readonly (number | readonly [number, number | null])[] };

interface WrittenClasses {
  readonly codes?: readonly WrittenSpec[];
  readonly ignored?: ClassTable['ignoredCodes'];
  readonly ignoredNames?: readonly string[];
}

const written = ({ specs }: ClassTable): WrittenSpec[] =>
  specs.map(({ name, codes }) => ({
    name,
    codes: codes.map((code) =>
      typeof code === 'number' ? code : [code[0], Number.isFinite(code[1]) ? code[1] : null],
    ),
  }));

const readSpecs = (specs: readonly WrittenSpec[]): ClassSpec[] =>
  specs.map(({ name, codes }) => ({
    name,
    codes: codes.map((code) => (typeof code === 'number' ? code : ([code[0], code[1] ?? Infinity] as const))),
  }));

/**
 * What `config.json` says; undefined where it says nothing.
 * @throws CloudDatasetError where it says what cannot be
 */
export function savedCloudForm(config: Readonly<Record<string, unknown>>): SavedCloudForm | undefined {
  const saved = config[key] as (CloudForm & WrittenClasses) | undefined;
  if (saved === undefined) return undefined;
  const { points, region, side, voxel, unit, features, codes, ignored, ignoredNames } = saved;
  const isForm = Number.isInteger(points) && (region === 'sphere' || region === 'block') && Array.isArray(features);
  if (!isForm) throw new CloudDatasetError(`config.json: ${key} is ${JSON.stringify(saved)}, which is not understood.`);
  return {
    points,
    region,
    features,
    ...(side !== undefined && { side }),
    ...(voxel !== undefined && { voxel }),
    ...(unit !== undefined && { unit }),
    ...(codes && {
      classes: classTable(readSpecs(codes), {
        ...(ignored && { codes: ignored }),
        ...(ignoredNames && { names: ignoredNames }),
      }),
    }),
  };
}

/** The field of `config.json`. */
export function writeCloudForm(form: SavedCloudForm | undefined): Record<string, unknown> {
  if (!form) return {};
  const { classes, ...rest } = form;
  if (!classes) return { [key]: rest };
  const { ignoredCodes, ignoredNames } = classes;
  return {
    [key]: {
      ...rest,
      codes: written(classes),
      ...(ignoredCodes.length > 0 && { ignored: ignoredCodes }),
      ...(ignoredNames.length > 0 && { ignoredNames }),
    },
  };
}

/** What a point source is told by a form, but for the sampling. */
export const sourceOptionsOf = ({ features, voxel, unit }: CloudForm) => ({
  features,
  ...(voxel !== undefined && { voxel: { side: voxel } }),
  ...(unit !== undefined && { unit }),
});

/**
 * The sampling of a form.
 * @param form as it is saved with the model
 * @param options what evaluation is told
 * @param options.votes `sphere`, in evaluation: samples that each point is in, at least
 * @param options.overlap `block`, in evaluation: the share of a block that its neighbour has too
 * @throws RangeError for a block without a side, or a side without a block
 */
export function samplingOf(
  { points, region, side }: CloudForm,
  { votes, overlap }: { readonly votes?: number; readonly overlap?: number } = {},
): SceneSampling {
  if (region === 'block') {
    if (side === undefined) throw new RangeError('A block needs the side of its base, in the unit of the clouds.');
    return blockSampling({ points, side, ...(overlap !== undefined && { overlap }) });
  }
  if (side !== undefined) throw new RangeError(`side is ${side}; a sphere has none, it has ${points} points.`);
  return sphereSampling({ points, ...(votes !== undefined && { votes }) });
}
