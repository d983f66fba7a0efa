/** Clouds kept in a compact form, so that a text of a million lines is parsed once. What is kept is what the reader gave. */
import type { PointCloud } from '../cloud/cloud.ts';
import { cloudBytes } from './format.ts';

/** Where clouds are kept as they were read. */
export interface CloudStore {
  get(key: string): Promise<PointCloud | undefined>;
  /** Keeps a cloud, unless the store is full. */
  put(key: string, cloud: PointCloud): Promise<void>;
}

/** Keeps clouds in memory until `maxBytes` are used; later ones are read again each time. */
export function cloudMemoryStore(maxBytes = 2 ** 30): CloudStore {
  const clouds = new Map<string, PointCloud>();
  let used = 0;
  return {
    get: async (key) => clouds.get(key),
    async put(key, cloud) {
      const bytes = cloudBytes(cloud);
      if (clouds.has(key) || used + bytes > maxBytes) return;
      used += bytes;
      clouds.set(key, cloud);
    },
  };
}
