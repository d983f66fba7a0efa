/**
 * A folder of a browser's, in memory, as far as a checkpoint uses one: what is written takes the file's place when its stream is
 * closed, and a file that was made and never written is empty (File System Standard, `createWritable`).
 */
import { expect } from 'vitest';

export interface BrowserFolder {
  readonly handle: FileSystemDirectoryHandle;
  /** What is whole in the folder. */
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  /** Bytes that one file may have: more is the browser's error for a full disk. */
  quota: number;
  /** Called before each piece is written. */
  onWrite: () => void;
}

const notFound = (name: string) => new DOMException(`${name} is not there`, 'NotFoundError');

export function browserFolder(name = 'runs'): BrowserFolder {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folder: Omit<BrowserFolder, 'handle'> = { files, quota: Number.POSITIVE_INFINITY, onWrite: () => {} };

  function stream(file: string) {
    let pieces: Uint8Array<ArrayBuffer>[] = [];
    let open = true;
    return {
      async write(piece: Uint8Array<ArrayBuffer>) {
        expect(open).toBe(true);
        folder.onWrite();
        // A stream may read a piece later than `write` returns to its caller; it does before the promise is kept.
        pieces.push(piece.slice());
        if (pieces.reduce((sum, { length }) => sum + length, 0) > folder.quota) {
          open = false;
          throw new DOMException('no room is left', 'QuotaExceededError');
        }
      },
      async close() {
        expect(open).toBe(true);
        open = false;
        files.set(file, new Uint8Array(await new Blob(pieces).arrayBuffer()));
      },
      async abort() {
        pieces = [];
        if (!open) throw new TypeError('the stream has failed already');
        open = false;
      },
    };
  }

  const fileHandle = (file: string) => ({
    kind: 'file',
    name: file,
    getFile: async () => new File([files.get(file) ?? new Uint8Array()], file),
    createWritable: async () => stream(file),
  });

  const handle = {
    kind: 'directory',
    name,
    async getFileHandle(file: string, { create = false } = {}) {
      if (!files.has(file)) {
        if (!create) throw notFound(file);
        files.set(file, new Uint8Array());
      }
      return fileHandle(file);
    },
    async removeEntry(file: string) {
      if (!files.delete(file)) throw notFound(file);
    },
  };
  return Object.assign(folder, { handle: handle as unknown as FileSystemDirectoryHandle });
}
