/** A cache of downloaded files on disk: a file is downloaded once, whole, then read from disk. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { CheckpointError } from '../errors.ts';
import type { Fetch } from '../files/http.ts';

function defaultFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'dr2net');
}

/** The address as a path: host and path, each part harmless as a file name. */
function pathOf(folder: string, url: string): string {
  const { host, pathname } = new URL(url);
  return join(
    folder,
    ...`${host}${pathname}`.split('/').map((part) => part.replace(/[^\w.-]/g, '_').replace(/^\.+$/, '_')),
  );
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => null,
  );

/** A file on disk as the response that a server would give. */
async function respond(path: string, size: number, init?: RequestInit): Promise<Response> {
  const start = Number(new Headers(init?.headers).get('range')?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  const handle = await open(path);
  const body = Readable.toWeb(handle.createReadStream({ start })) as unknown as ReadableStream<Uint8Array>;
  if (start === 0) return new Response(body, { headers: { 'content-length': String(size) } });
  return new Response(body, { status: 206, headers: { 'content-range': `bytes ${start}-${size - 1}/${size}` } });
}

async function download(url: string, response: Response, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const body = response.body ?? new Response('').body;
    await pipeline(
      Readable.fromWeb(body as unknown as NodeReadableStream),
      createWriteStream(temporary, { flush: true }),
    );
    const promised = response.headers.get('content-length');
    const size = await sizeOf(temporary);
    if (promised !== null && !response.headers.get('content-encoding') && Number(promised) !== size)
      throw new CheckpointError(`${url}: ${size} of ${promised} bytes arrived; the transfer broke off. Try again.`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * `get` with a cache: 200 responses are kept as files, 404 is remembered (so that a cached model loads offline), others
 * pass through.
 * @param folder default: `dr2net` in `XDG_CACHE_HOME` or `~/.cache`
 */
export function cachedFetch(get: Fetch, folder = defaultFolder()): Fetch {
  return async (url, init) => {
    const path = pathOf(folder, url);
    const kept = await sizeOf(path);
    if (kept !== null) return respond(path, kept, init);
    const absent = `${path}.404`;
    if ((await sizeOf(absent)) !== null) return new Response(null, { status: 404 });
    const response = await get(url);
    if (response.status === 404) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(absent, '');
    }
    if (response.status !== 200) return response;
    await download(url, response, path);
    return respond(path, (await sizeOf(path)) ?? 0, init);
  };
}
