/**
 * WebCodecs in Node: the classes of @napi-rs/webcodecs (binaries in its registry packages) put where browsers have them,
 * which is where mediabunny looks. 1.3 is its last line that runs on Node 20.
 */

const names = ['VideoDecoder', 'VideoEncoder', 'VideoFrame', 'EncodedVideoChunk', 'VideoColorSpace'] as const;

let started: Promise<string | undefined> | undefined;

async function start(): Promise<string | undefined> {
  if (names.every((name) => name in globalThis)) return undefined;
  try {
    const webcodecs = (await import('@napi-rs/webcodecs')) as Record<string, unknown>;
    for (const name of names) if (!(name in globalThis)) Object.assign(globalThis, { [name]: webcodecs[name] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Makes `globalThis.VideoDecoder` and its like available. Resolves to the reason where there are none. */
export function startWebCodecs(): Promise<string | undefined> {
  started ??= start();
  return started;
}

/** Runs `work` with the event loop held open: the native decoder's pending promises alone do not keep Node alive. */
export async function keepAlive<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1 << 30);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
