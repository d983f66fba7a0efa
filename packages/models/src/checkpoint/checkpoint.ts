/**
 * The weights of a model: one safetensors file, or shards with an index. Tensors are read in the order in which they
 * lie in the file, one at a time.
 */
import { CheckpointError, ModelSourceError } from '../errors.ts';
import type { ByteReader, ModelFiles } from '../files/model-files.ts';
import { decodeTensor, type HostTensor } from './decode.ts';
import { readHeader, type TensorEntry } from './header.ts';

export const weightsFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';

export interface Checkpoint {
  /** For messages: where the weights come from. */
  readonly name: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /**
   * Reads the tensors with these keys and hands each to `visit` as it arrives. The next one is read when `visit` is
   * done, so no two are held at once unless `visit` keeps them.
   */
  read(keys: ReadonlySet<string>, visit: (key: string, tensor: HostTensor) => void | Promise<void>): Promise<void>;
}

async function opened(files: ModelFiles, file: string, offset = 0): Promise<ByteReader> {
  const reader = await files.open(file, offset);
  if (!reader)
    throw new ModelSourceError(
      `${files.name} has no ${file}. A model folder holds config.json and ${weightsFile} (or ${indexFile} and its shards).`,
    );
  return reader;
}

/** The names of the weight files. */
async function weightFiles(files: ModelFiles): Promise<string[]> {
  const text = await files.text(indexFile);
  if (text === null) return [weightsFile];
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown }).weight_map;
  } catch {
    throw new CheckpointError(`${files.name}: ${indexFile} is not JSON; the file is damaged.`);
  }
  if (typeof map !== 'object' || map === null)
    throw new CheckpointError(`${files.name}: ${indexFile} has no weight_map; the file is damaged.`);
  return [...new Set(Object.values(map).map(String))].sort();
}

/** Reads the headers of a model's weight files. */
export async function openCheckpoint(files: ModelFiles): Promise<Checkpoint> {
  const shards = new Map<string, readonly TensorEntry[]>();
  const entries = new Map<string, TensorEntry>();
  for (const file of await weightFiles(files)) {
    const reader = await opened(files, file);
    try {
      const { entries: header } = await readHeader(reader, `${files.name}: ${file}`);
      shards.set(file, header);
      for (const entry of header) entries.set(entry.key, entry);
    } finally {
      await reader.close();
    }
  }

  const read: Checkpoint['read'] = async (keys, visit) => {
    for (const [file, header] of shards) {
      const wanted = header.filter((entry) => keys.has(entry.key));
      const first = wanted[0];
      if (!first) continue;
      const reader = await opened(files, file, first.begin);
      try {
        let position = first.begin;
        for (const { key, dtype, shape, begin, end } of wanted) {
          await reader.skip(begin - position);
          const data = decodeTensor(key, dtype, await reader.read(end - begin));
          position = end;
          await visit(key, { shape, data });
        }
      } finally {
        await reader.close();
      }
    }
  };

  return { name: files.name, entries, read };
}
