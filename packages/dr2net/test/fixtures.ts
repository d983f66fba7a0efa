/** A tiny model and tiny clips, made anew: enough to run every command in seconds. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createBackbone, randomFrom, saveBackbone } from '@dr2net/models';
import { writeClip } from '@dr2net/video';

/** Frames of a generated clip. */
export const clipFrames = 8;
const side = 32;

export const tinyImageModel = {
  model_type: 'vit',
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 48,
  image_size: 32,
  patch_size: 16,
  num_channels: 3,
  qkv_bias: true,
  layer_norm_eps: 1e-6,
};

/** An empty folder, and what removes it. */
export function temporaryFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `dr2net-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Saves an image model with random weights. A backend must be there. */
export async function saveTinyModel(folder: string, config: Record<string, unknown> = tinyImageModel): Promise<string> {
  const backbone = createBackbone(config, 7);
  await saveBackbone(folder, backbone);
  backbone.dispose();
  return folder;
}

/** A square that moves to the right (`direction` 1) or to the left (−1) on a noisy ground. */
export async function writeMovingSquare(path: string, direction: 1 | -1, seed: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const frames = new Uint8Array(clipFrames * side * side * 3);
  for (let t = 0; t < clipFrames; t++) {
    const left = direction === 1 ? 2 * t + (seed % 4) : side - 12 - 2 * t - (seed % 4);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const inside = x >= left && x < left + 10 && y >= 8 + (seed % 6) && y < 18 + (seed % 6);
        for (let c = 0; c < 3; c++)
          frames[((t * side + y) * side + x) * 3 + c] = inside ? 230 : 30 + ((x * 7 + y * 13 + seed * 29 + c * 5) % 40);
      }
  }
  await writeClip(path, frames, { width: side, height: side, fps: 8 });
}

/** A folder of class folders `left` and `right` under `train` and `val`. */
export async function writeTinyClips(folder: string, train = 4, validation = 2): Promise<string> {
  for (const [split, count] of [
    ['train', train],
    ['val', validation],
  ] as const)
    for (let i = 0; i < count; i++) {
      await writeMovingSquare(join(folder, split, 'right', `${i}.mp4`), 1, i + (split === 'val' ? 50 : 0));
      await writeMovingSquare(join(folder, split, 'left', `${i}.mp4`), -1, i + (split === 'val' ? 50 : 0));
    }
  return folder;
}

/** Flat ground with bushes on it: text files by name, an object each, lines x y z. */
export function gardenFiles(seed: number): Record<string, string> {
  const random = randomFrom(seed, 'garden');
  const lines = (count: number, place: () => number[]) =>
    Array.from({ length: count }, () =>
      place()
        .map((value) => value.toFixed(3))
        .join(' '),
    ).join('\n');
  const bush = (n: number) => lines(80, () => [2 * n + random(), 1 + 4 * random(), 0.4 + random()]);
  return {
    'ground_1.txt': lines(300, () => [6 * random(), 6 * random(), 0.1 * random()]),
    'bush_1.txt': bush(1),
    'bush_2.txt': bush(2),
  };
}
