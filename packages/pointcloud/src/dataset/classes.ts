/** The classes of a data set: their names, and which codes or object names of the files mean them. */
import { nearestName } from '@dr2net/models';
import { BadCloudError, CloudDatasetError } from '../errors.ts';

/** The class index of points that are neither trained on nor counted. */
export const ignoredLabel = 255;

/** A code of label columns, or all from the first to the second (`[2, Infinity]`: 2 and above). */
export type Codes = readonly (number | readonly [from: number, to: number])[];

/** A class, and what means it in the files. */
export interface ClassSpec {
  readonly name: string;
  /** Codes in label columns that mean this class. Default: the class's index. */
  readonly codes?: Codes;
}

/** The classes of a data set, and what is left out. */
export interface ClassTable {
  readonly specs: readonly Required<ClassSpec>[];
  readonly names: readonly string[];
  /** Codes of points that are ignored. */
  readonly ignoredCodes: Codes;
  /** Object names (S3DIS layout) whose points are ignored. */
  readonly ignoredNames: readonly string[];
}

/** What in the files means no class. */
export interface Ignored {
  readonly codes?: Codes;
  readonly names?: readonly string[];
}

const has = (codes: Codes, code: number) =>
  codes.some((entry) => (typeof entry === 'number' ? entry === code : entry[0] <= code && code <= entry[1]));

/**
 * The classes of a data set, checked.
 * @throws CloudDatasetError for no class, too many, or a name or code that means two
 */
export function classTable(classes: readonly (string | ClassSpec)[], ignored: Ignored = {}): ClassTable {
  const specs = classes.map((entry, index) => {
    const { name, codes = [index] } = typeof entry === 'string' ? { name: entry } : entry;
    return { name, codes };
  });
  const names = specs.map(({ name }) => name);
  if (names.length < 2 || names.length > ignoredLabel)
    throw new CloudDatasetError(`${names.length} classes (${names.join(', ')}); there must be 2 to ${ignoredLabel}.`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new CloudDatasetError(`Class "${twice}" occurs twice in ${names.join(', ')}.`);
  const edges = specs.flatMap(({ codes }) => codes.flat()).filter(Number.isFinite);
  for (const code of edges) {
    const meant = specs.filter(({ codes }) => has(codes, code)).map(({ name }) => name);
    if (meant.length > 1)
      throw new CloudDatasetError(`Code ${code} means ${meant.join(' and ')}; it can mean one class.`);
  }
  return { specs, names, ignoredCodes: ignored.codes ?? [], ignoredNames: ignored.names ?? [] };
}

/**
 * A table in words: `stem=1,leaf=2-` (2 and above), `ground=2,plants=3-5+20`, or names alone, `tree,ground,clutter`
 * (codes 0, 1, 2). The name `ignored` is for codes of points that are left out.
 * @param ignoredNames objects (S3DIS layout) whose points are left out
 * @throws CloudDatasetError where an entry is not understood
 */
export function parseClasses(text: string, ignoredNames: readonly string[] = []): ClassTable {
  const entries = text.split(',').map((entry): ClassSpec => {
    const [, name, codes] = /^\s*([^=]+?)\s*(?:=\s*([-+\d\s]+))?$/.exec(entry) ?? [];
    if (name === undefined)
      throw new CloudDatasetError(`Class "${entry}" is not understood; write name=1 or name=2-5+7.`);
    if (codes === undefined) return { name };
    return {
      name,
      codes: codes.split('+').map((code) => {
        const [, from, dash, to] = /^\s*(-?\d+)\s*(-?)\s*(-?\d*)\s*$/.exec(code) ?? [];
        if (from === undefined || (to !== undefined && to !== '' && Number(to) < Number(from)))
          throw new CloudDatasetError(`Code "${code}" of class "${name}" is not understood; write 2, 2-5 or 2-.`);
        return dash ? ([Number(from), to ? Number(to) : Infinity] as const) : Number(from);
      }),
    };
  });
  const ignored = entries.find(({ name }) => name === 'ignored');
  return classTable(
    entries.filter((entry) => entry !== ignored),
    { names: ignoredNames, ...(ignored?.codes && { codes: ignored.codes }) },
  );
}

/**
 * Class indices of codes; {@link ignoredLabel} for ignored ones.
 * @throws BadCloudError naming the point, where a code means no class
 */
export function labelsOfCodes(id: string, codes: Int32Array, table: ClassTable): Int32Array {
  const known = new Map<number, number>();
  const indexOf = (code: number, point: number): number => {
    if (has(table.ignoredCodes, code)) return ignoredLabel;
    const index = table.specs.findIndex((spec) => has(spec.codes, code));
    if (index >= 0) return index;
    const all = table.specs.map(({ name, codes: own }) => `${name} ${codesInWords(own)}`).join(', ');
    throw new BadCloudError(
      id,
      'labels',
      `point ${point}: label ${code} means no class (${all}). Add the code to a class, or to the ignored ones.`,
    );
  };
  return codes.map((code, point) => {
    const index = known.get(code) ?? indexOf(code, point);
    known.set(code, index);
    return index;
  });
}

const codesInWords = (codes: Codes) =>
  codes.map((entry) => (typeof entry === 'number' ? entry : `${entry[0]}–${entry[1]}`)).join(', ');

/**
 * The class index of an object's name.
 * @throws CloudDatasetError naming the nearest class, where it is none
 */
export function indexOfName(where: string, name: string, { names, ignoredNames }: ClassTable): number {
  if (ignoredNames.includes(name)) return ignoredLabel;
  const index = names.indexOf(name);
  if (index >= 0) return index;
  const nearest = nearestName(name, names);
  throw new CloudDatasetError(
    `${where}: "${name}" is no class${nearest ? `; did you mean "${nearest}"?` : `; classes: ${names.join(', ')}.`} ` +
      'Correct the name, add it to the classes, or ignore it (ignored: { names: […] }).',
  );
}

/** Names of the LAS classification codes (ASPRS LAS 1.4, table 17). */
const lasNames: Record<number, string> = {
  0: 'never classified',
  1: 'unclassified',
  2: 'ground',
  3: 'low vegetation',
  4: 'medium vegetation',
  5: 'high vegetation',
  6: 'building',
  7: 'low noise',
  9: 'water',
  10: 'rail',
  11: 'road',
  13: 'wire guard',
  14: 'wire conductor',
  15: 'transmission tower',
  16: 'wire connector',
  17: 'bridge deck',
  18: 'high noise',
};

/**
 * A table of the codes that were found, in ascending order; those of LAS files by their standard names.
 * @throws CloudDatasetError for one class, too many, or a code below 0, which most data sets have where there is no label
 */
export function tableOfCodes(codes: Iterable<number>, las: boolean): ClassTable {
  const sorted = [...new Set(codes)].sort((a, b) => a - b);
  const below = sorted.filter((code) => code < 0);
  if (below.length > 0) {
    const classes = sorted.filter((code) => code >= 0).map((code) => `class ${code}=${code}`);
    throw new CloudDatasetError(
      `The labels hold the code ${below.join(', ')}, which may stand for no label. Say what the codes mean: --classes "${[...classes.slice(0, 6), ...(classes.length > 6 ? ['…'] : []), `ignored=${below.join('+')}`].join(',')}".`,
    );
  }
  return classTable(sorted.map((code) => ({ name: (las && lasNames[code]) || `class ${code}`, codes: [code] })));
}
