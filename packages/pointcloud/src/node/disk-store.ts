/** Clouds kept in a folder, for later runs. */
import { readFile } from 'node:fs/promises';
import { keptFiles } from '@dr2net/models';
import { decodeCloud, encodeCloud } from '../store/format.ts';
import type { CloudStore } from '../store/store.ts';

const kind = { extension: '.cloud', what: 'clouds' } as const;

/**
 * Keeps clouds in `folder` (made when needed) until it holds `maxBytes`; delete the folder to empty it. A file that is not
 * whole is as good as absent. A disk that is full keeps no more, and stops nothing; a folder that cannot be made is an error
 * of the first cloud.
 */
export function cloudDiskStore(folder: string, maxBytes = 20 * 2 ** 30): CloudStore {
  const files = keptFiles(folder, { ...kind, maxBytes });
  return {
    async get(key) {
      const bytes = await readFile(files.path(key)).catch(() => undefined);
      return bytes && decodeCloud(bytes);
    },
    put: (key, cloud) => files.put(key, [encodeCloud(cloud)]),
  };
}
