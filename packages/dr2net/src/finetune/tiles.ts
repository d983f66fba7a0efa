/** Keeps what the tuner of WebGPU's products measured, in the user's cache folder: once an adapter. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TuneStore } from '@dr2net/ops';

const path = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'dr2net', 'webgpu-tiles.json');

function read(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(path(), 'utf8')) as Record<string, string>;
  } catch {
    // None yet, or one that cannot be read: measured again.
    return {};
  }
}

export const tileStore: TuneStore = {
  getItem: (key) => read()[key] ?? null,
  setItem(key, value) {
    try {
      mkdirSync(dirname(path()), { recursive: true });
      writeFileSync(path(), JSON.stringify({ ...read(), [key]: value }, null, 2));
    } catch {
      // A cache that cannot be written costs a second at the next start.
    }
  },
};
