/** Remedies that `@dr2net/pointcloud` and `@dr2net/models` give as options of their functions, told as options of the command line. */
import { UsageError } from '../../errors.ts';

const flags: readonly (readonly [option: string | RegExp, flag: string])[] = [
  ["columns: ['x', 'y', 'z', …]", '--columns x,y,z,…'],
  ["(label: 'name')", '(--label-column name)'],
  ['(features: […])', '(--features a,b)'],
  ['(ignored: { names: […] })', '(--ignore a,b)'],
  ['(classes: […])', '(--classes a,b)'],
  ['or to the ignored ones', 'or to the ignored ones (--classes a=0,b=1-3,ignored=4)'],
  ['Make samples or voxels smaller', 'Give fewer --points, a smaller --voxel'],
  [
    /give samples (\d+) points or more, or make groups smaller/,
    'give --points $1 or more, or a smaller --group-size to a new network',
  ],
];

const remedied = new Set(['BadCloudError', 'CloudDatasetError', 'ModelOptionError']);

/** Runs `body`; its errors about clouds and samples come back with the flags that mend them. @throws UsageError */
export async function inFlags<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof Error && remedied.has(error.name))) throw error;
    const message = flags.reduce((text, [option, flag]) => text.replace(option, flag), error.message);
    throw message === error.message ? error : new UsageError(message, { cause: error });
  }
}
