/** The browser's counterpart of node.ts: no folders, and the Cache API as cache. */
import { ModelSourceError } from '../errors.ts';
import type { Fetch } from '../files/http.ts';
import type { FileContent, ModelFiles } from '../files/model-files.ts';
import type { KeptFiles, KeptFilesOptions } from './node-kept.ts';

/** There are no folders to keep files in. */
export function keptFiles(folder: string, { what }: KeptFilesOptions): KeptFiles {
  throw new Error(`${folder}: a browser keeps no ${what} in folders; keep them in memory.`);
}

/** There are no paths: a text is an address or a hub id. */
export async function folderExists(_source: string): Promise<boolean> {
  return false;
}

export function folderFiles(source: string): ModelFiles {
  throw new ModelSourceError(
    `${source}: a browser reads no paths; give a folder that the user chose (showDirectoryPicker), an http(s) address or a hub id owner/name.`,
  );
}

export async function writeFolder(folder: string, _files: readonly FileContent[]): Promise<void> {
  throw new ModelSourceError(
    `${folder}: a browser writes to no path; give a folder that the user chose (showDirectoryPicker) or navigator.storage.getDirectory().`,
  );
}

/**
 * `get` with the Cache API: the body streams into the cache and is read from there, so it is never held in memory.
 * @param name of the cache
 */
export function cachedFetch(get: Fetch, name = 'dr2net'): Fetch {
  return async (url, init) => {
    // Absent outside secure contexts.
    if (typeof caches === 'undefined') return get(url, init);
    const cache = await caches.open(name);
    const kept = await cache.match(url);
    if (kept) return kept;
    const response = await get(url);
    if (response.status !== 200) return response;
    await cache.put(url, response);
    return (await cache.match(url)) ?? get(url, init);
  };
}
