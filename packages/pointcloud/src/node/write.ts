/** Clouds and labels into files; a file is there whole or not at all. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { PointCloud } from '../cloud/cloud.ts';
import { encodeLabels } from '../writer/labels.ts';
import { encodePly, type PlyOptions } from '../writer/ply.ts';

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** See {@link encodePly}. */
export const writePly = (path: string, cloud: PointCloud, options: PlyOptions = {}): Promise<void> =>
  writeWhole(path, encodePly(cloud, options));

/** See {@link encodeLabels}. */
export const writePointLabels = (path: string, labels: ArrayLike<number>): Promise<void> =>
  writeWhole(path, encodeLabels(labels));
