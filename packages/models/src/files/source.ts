/** Finds out what a model's source is: a folder, an http(s) address, or an id `owner/name` of the Hugging Face hub. */
import { cachedFetch, folderExists, folderFiles } from '#platform';
import { ModelSourceError } from '../errors.ts';
import { chosenFiles, isChosenFolder, type ModelSource } from './chosen-folder.ts';
import { type Fetch, httpFiles } from './http.ts';
import type { ModelFiles } from './model-files.ts';

/** Where models are looked for that are not on this machine. */
export interface SourceOptions {
  /** Where hub ids are looked up. Default: `https://huggingface.co`. */
  readonly endpoint?: string;
  /** Branch, tag or commit of a hub id. Default: `main`. */
  readonly revision?: string;
  /**
   * Node: the folder that files of hub ids are kept in (default: `dr2net` in the user's cache folder). Browsers: the
   * name of the Cache API's cache (default `dr2net`). `false`: no cache.
   */
  readonly cache?: string | false;
  /** Default: the global `fetch`. */
  readonly fetch?: Fetch;
}

const hubId = /^[\w-][\w.-]*\/[\w.-]+$/;

/** Opens a source; nothing is read yet. A folder that exists goes before a hub id of the same spelling. */
export async function openSource(source: ModelSource, options: SourceOptions = {}): Promise<ModelFiles> {
  if (isChosenFolder(source)) return chosenFiles(source);
  const text = String(source);
  const get: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  if (/^https?:/i.test(text)) return httpFiles(text, get);
  if (await folderExists(text)) return folderFiles(text);
  if (!hubId.test(text)) {
    throw new ModelSourceError(
      `${text} is no model folder (there is no such folder). A model folder holds config.json and model.safetensors (or model.safetensors.index.json and its shards); an http(s) address or a hub id owner/name works too.`,
    );
  }
  const { endpoint = 'https://huggingface.co', revision = 'main', cache } = options;
  const base = `${endpoint}/${text}/resolve/${revision}/`;
  return httpFiles(base, cache === false ? get : cachedFetch(get, cache));
}
