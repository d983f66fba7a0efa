/** The files of a dropped folder, with their paths. */
import type { UserFile } from '../../../workers/user-file.ts';

const listed = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));

async function walk(entry: FileSystemEntry, path: string, found: UserFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path: `${path}${entry.name}`, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and nothing at its end.
  for (let entries = await listed(reader); entries.length > 0; entries = await listed(reader))
    for (const inside of entries) await walk(inside, `${path}${entry.name}/`, found);
}

export async function filesOf(transfer: DataTransfer): Promise<UserFile[]> {
  // They must all be taken before the first wait: afterwards the transfer is empty.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: UserFile[] = [];
  for (const entry of entries) await walk(entry, '', found);
  return found;
}
