/** A model behind an http(s) address: each file is one streamed response. */
import { ModelSourceError } from '../errors.ts';
import type { ModelFiles } from './model-files.ts';
import { streamReader } from './stream-reader.ts';

/** How a file is fetched; a cache can stand in between. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** The address of a file under a base address. */
export function fileUrl(base: string, file: string): string {
  return new URL(file, base.endsWith('/') ? base : `${base}/`).href;
}

/**
 * A page: what servers of single-page applications (Vite's, among others) answer with instead of 404. No file of a model is one.
 */
const isPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') ?? false;

/** Fetches; null for 404, and for a page in its place. Throws {@link ModelSourceError} for any other failure. */
export async function request(url: string, get: Fetch, init?: RequestInit): Promise<Response | null> {
  let response: Response;
  try {
    response = await get(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new ModelSourceError(`${url} cannot be reached: ${error}${cause}. Check the address and the network.`, {
      cause: error,
    });
  }
  if (response.status === 404 || (response.ok && isPage(response))) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) {
    await response.body?.cancel();
    const hint =
      response.status === 401 || response.status === 403 ? ' The model is private, gated or does not exist.' : '';
    throw new ModelSourceError(`${url} answered ${response.status} ${response.statusText}.${hint}`);
  }
  return response;
}

/** The size of the whole file, where the response tells it. */
function wholeSize(response: Response): number | undefined {
  const range = response.headers.get('content-range')?.match(/\/(\d+)$/)?.[1];
  if (range !== undefined) return Number(range);
  const length = response.headers.get('content-length');
  return length === null || response.headers.get('content-encoding') ? undefined : Number(length);
}

/** @param base the folder's address */
export function httpFiles(base: string, get: Fetch = (url, init) => fetch(url, init)): ModelFiles {
  return {
    name: base,
    text: async (file) => (await request(fileUrl(base, file), get))?.text() ?? null,
    open: async (file, offset = 0) => {
      const url = fileUrl(base, file);
      // Parts of a file that a server compresses on the way are put together wrongly by a browser's cache.
      const init: RequestInit = { cache: 'no-store' };
      const response = await request(url, get, offset > 0 ? { ...init, headers: { range: `bytes=${offset}-` } } : init);
      if (!response) return null;
      if (!response.body) throw new ModelSourceError(`${url} answered without a body.`);
      const reader = streamReader(url, response.body, wholeSize(response));
      // A server without ranges sends the file from its beginning.
      if (offset > 0 && response.status !== 206) await reader.skip(offset);
      return reader;
    },
  };
}
