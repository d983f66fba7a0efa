/** Which column is what: x, y, z, colours, intensity and labels by the names that programs give them. */
import { BadCloudError } from '../errors.ts';
import type { Column, Columns } from './columns.ts';

/** A file's columns by what they are; columns that are none of these are features. */
export interface Roles {
  readonly x: Column;
  readonly y: Column;
  readonly z: Column;
  readonly colours?: readonly [Column, Column, Column];
  readonly intensity?: Column;
  readonly label?: Column;
  readonly features: Readonly<Record<string, Column>>;
}

export interface RoleOptions {
  /** The column with the labels, where it has another name than `label`, `class`, `classification` or `semantic`; `false`: none. */
  readonly label?: string | false;
}

const known = {
  x: ['x', 'px', 'pos_x'],
  y: ['y', 'py', 'pos_y'],
  z: ['z', 'pz', 'pos_z'],
  r: ['r', 'red', 'diffuse_red'],
  g: ['g', 'green', 'diffuse_green'],
  b: ['b', 'blue', 'diffuse_blue'],
  intensity: ['intensity', 'reflectance', 'remission'],
  label: ['label', 'labels', 'class', 'classification', 'semantic', 'sem_label', 'class_id'],
} as const;

/** CloudCompare writes `scalar_Label`; letter case differs from program to program. */
const plain = (name: string) =>
  name
    .trim()
    .toLowerCase()
    .replace(/^scalar_/, '');

/** @throws BadCloudError where x, y, z, or the label column that was asked for, are not among the columns */
export function assignRoles(id: string, columns: Columns, { label }: RoleOptions = {}): Roles {
  const names = columns.names.map(plain);
  const taken = new Set<number>();
  const find = (wanted: readonly string[]): Column | undefined => {
    const at = names.findIndex((name, i) => wanted.includes(name) && !taken.has(i));
    if (at >= 0) taken.add(at);
    return columns.values[at];
  };
  const [x, y, z] = [find(known.x), find(known.y), find(known.z)];
  if (!x || !y || !z)
    throw new BadCloudError(
      id,
      'columns',
      `no columns x, y and z; it has: ${columns.names.join(', ')}. Name them (columns: ['x', 'y', 'z', …]).`,
    );
  const [r, g, b] = [find(known.r), find(known.g), find(known.b)];
  const intensity = find(known.intensity);
  const found = label === false ? undefined : find(label === undefined ? known.label : [plain(label)]);
  if (typeof label === 'string' && !found)
    throw new BadCloudError(id, 'columns', `no column "${label}"; it has: ${columns.names.join(', ')}.`);
  const rest = names.flatMap((_, i) =>
    taken.has(i) ? [] : [[columns.names[i] as string, columns.values[i] as Column] as const],
  );
  return {
    x,
    y,
    z,
    ...(r && g && b ? { colours: [r, g, b] as const } : {}),
    ...(intensity ? { intensity } : {}),
    ...(found ? { label: found } : {}),
    features: Object.fromEntries(rest),
  };
}
