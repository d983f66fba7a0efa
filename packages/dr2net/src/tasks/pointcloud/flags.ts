/** Remedies that `@dr2net/pointcloud` gives as options of its functions, told as options of the command line. */
import { UsageError } from '../../errors.ts';

const flags: readonly (readonly [option: string, flag: string])[] = [
  ["(columns: ['x', 'y', 'z', …])", '(--columns x,y,z,…)'],
  ["(label: 'name')", '(--label-column name)'],
  ['(features: […])', '(--features a,b)'],
  ['(ignored: { names: […] })', '(--ignore a,b)'],
  ['Make samples or voxels smaller', 'Give fewer --points, a smaller --voxel'],
];

/** Runs `body`; its errors about clouds come back with the flags that mend them. @throws UsageError */
export async function inFlags<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const isCloud = error instanceof Error && (error.name === 'BadCloudError' || error.name === 'CloudDatasetError');
    if (!isCloud) throw error;
    const message = flags.reduce((text, [option, flag]) => text.replace(option, flag), error.message);
    throw message === error.message ? error : new UsageError(message, { cause: error });
  }
}
