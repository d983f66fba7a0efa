/**
 * A checkpoint in a folder of the browser's: the user's own (`showDirectoryPicker`), or the page's (`navigator.storage.getDirectory`). What is
 * written takes the file's place when it is closed, so a tab that is closed at any moment leaves the old file or the new one, whole.
 */
import type { Storage } from './storage.ts';

const absent = (error: unknown) => error instanceof DOMException && error.name === 'NotFoundError';

async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const handle = await folder.getFileHandle(name, { create: true });
  if (!('createWritable' in handle))
    throw new Error('this browser writes no files in place (createWritable); a current one does');
  const stream = await handle.createWritable();
  try {
    let bytes = 0;
    for await (const chunk of chunks) {
      await stream.write(chunk as Uint8Array<ArrayBuffer>);
      bytes += chunk.length;
    }
    await stream.close();
    return bytes;
  } catch (error) {
    // What was written is thrown away; the file is as it was. (An aborted stream rejects again.)
    await stream.abort().catch(() => {});
    throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

export function handleStorage(folder: FileSystemDirectoryHandle, name: string): Storage {
  return {
    path: `${folder.name || 'storage of this page'}/${name}`,
    async exists() {
      try {
        // A file that was made and never written whole is empty.
        return (await (await folder.getFileHandle(name)).getFile()).size > 0;
      } catch (error) {
        if (absent(error)) return false;
        throw error;
      }
    },
    async tryOut() {
      const trial = `${name}.trial`;
      await write(folder, trial, nothing());
      await folder.removeEntry(trial);
    },
    replace: (chunks) => write(folder, name, chunks),
    async open() {
      const file = await (await folder.getFileHandle(name)).getFile();
      return {
        bytes: file.size,
        read: async (offset, bytes) => new Uint8Array(await file.slice(offset, offset + bytes).arrayBuffer()),
        close: async () => {},
      };
    },
  };
}
