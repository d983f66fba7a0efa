/** Model folders of a page: what the user chose by `showDirectoryPicker`, or the origin's private file system. */
import { CheckpointError, ModelSourceError } from '../errors.ts';
import type { ByteReader, FileContent, ModelFiles } from './model-files.ts';

/** Where a model is saved: a path (Node), or a folder that a page may write into. */
export type ModelFolder = string | FileSystemDirectoryHandle;

/** Where a model is loaded from: a folder, an http(s) address of one, or a hub id `owner/name`. */
export type ModelSource = ModelFolder | URL;

export const isChosenFolder = (source: ModelSource): source is FileSystemDirectoryHandle =>
  typeof source === 'object' && 'kind' in source && source.kind === 'directory';

const nameOf = (folder: FileSystemDirectoryHandle) => folder.name || 'the folder';

async function fileIn(folder: FileSystemDirectoryHandle, file: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(file)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw new ModelSourceError(`${nameOf(folder)}/${file} cannot be read: ${error}.`, { cause: error });
  }
}

function blobReader(name: string, blob: Blob, offset: number): ByteReader {
  let position = offset;
  return {
    size: blob.size,
    read: async (bytes) => {
      const part = blob.slice(position, position + bytes);
      if (part.size < bytes)
        throw new CheckpointError(`${name} is truncated: ${bytes - part.size} bytes are missing at byte ${blob.size}.`);
      position += bytes;
      return new Uint8Array(await part.arrayBuffer());
    },
    skip: async (bytes) => {
      position += bytes;
    },
    close: async () => {},
  };
}

export function chosenFiles(folder: FileSystemDirectoryHandle): ModelFiles {
  return {
    name: nameOf(folder),
    text: async (file) => (await fileIn(folder, file))?.text() ?? null,
    open: async (file, offset = 0) => {
      const blob = await fileIn(folder, file);
      return blob && blobReader(`${nameOf(folder)}/${file}`, blob, offset);
    },
  };
}

/**
 * Writes all files, then lets them take their places in the given order: until then a browser keeps what is written apart.
 * @throws {ModelSourceError} the folder cannot be written; what it held before is unchanged
 */
export async function writeChosen(folder: FileSystemDirectoryHandle, files: readonly FileContent[]): Promise<void> {
  const written: FileSystemWritableFileStream[] = [];
  try {
    for (const { file, chunks } of files) {
      const stream = await (await folder.getFileHandle(file, { create: true })).createWritable();
      written.push(stream);
      for await (const chunk of chunks) await stream.write(chunk as Uint8Array<ArrayBuffer>);
    }
    for (const stream of written) await stream.close();
  } catch (error) {
    await Promise.all(written.map((stream) => stream.abort().catch(() => {})));
    if (!(error instanceof DOMException)) throw error;
    throw new ModelSourceError(
      `${nameOf(folder)} cannot be written: ${error.message} Ask for it with showDirectoryPicker({ mode: 'readwrite' }), or see that there is room.`,
      { cause: error },
    );
  }
}
