/** What only Node can do: folders, a cache on disk, atomic writing. The browser's counterpart is browser.ts. */
export { cachedFetch } from './node-cache.ts';
export { folderExists, folderFiles } from './node-folder.ts';
export { type KeptFiles, type KeptFilesOptions, keptFiles } from './node-kept.ts';
export { writeFolder } from './node-write.ts';
