/** What stays in the browser's storage of this page: the reader's clips, the checkpoint, the finished model. Nothing leaves the machine. */
import type { UserFile } from '../user-file.ts';
import type { Kept, Recording } from './protocol.ts';

const absent = (error: unknown) => error instanceof DOMException && error.name === 'NotFoundError';

/** The folder of this page's runs. */
export async function runFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle('dr2net-finetune', { create: true });
}

export const folderIn = async (name: string) => (await runFolder()).getDirectoryHandle(name, { create: true });

async function write(folder: FileSystemDirectoryHandle, name: string, content: Blob | string): Promise<void> {
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    await stream.write(content);
  } catch (error) {
    await stream.abort();
    throw error;
  }
  await stream.close();
}

/** Removes everything. */
export async function forget(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry('dr2net-finetune', { recursive: true }).catch((error: unknown) => {
    if (!absent(error)) throw error;
  });
}

/** The run that was stopped, if there is one with a checkpoint. */
export async function keptRun(): Promise<Kept | undefined> {
  try {
    const folder = await runFolder();
    const checkpoint = await (await folder.getDirectoryHandle('checkpoint')).getFileHandle('checkpoint.safetensors');
    // Made and never closed: the tab was closed while the first one was written.
    if ((await checkpoint.getFile()).size === 0) return undefined;
    return JSON.parse(await (await (await folder.getFileHandle('run.json')).getFile()).text()) as Kept;
  } catch (error) {
    if (absent(error)) return undefined;
    throw error;
  }
}

/** Begins a run anew: what an earlier one has left is removed, but for the clips. */
export async function beginRun(kept: Kept): Promise<void> {
  const folder = await runFolder();
  await folder.removeEntry('checkpoint', { recursive: true }).catch(() => {});
  await write(folder, 'run.json', JSON.stringify(kept));
}

/** A recording as a file: width and height as two 32-bit numbers, then its bytes. Its name ends in `.frames`. */
const recordingBlob = ({ width, height, pixels }: Recording) =>
  new Blob([Uint32Array.of(width, height), pixels as Uint8Array<ArrayBuffer>]);

/** Keeps the reader's clips in the page's storage, so that a run can go on after a reload. */
export async function keepClips(clips: readonly (UserFile | Recording)[]): Promise<void> {
  const need = clips.reduce((sum, clip) => sum + ('file' in clip ? clip.file.size : clip.pixels.length), 0);
  const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate();
  if (need > quota - usage)
    throw new Error(
      `The clips take ${Math.ceil(need / 1e6)} MB and this browser gives the page ${Math.floor((quota - usage) / 1e6)} MB more. Choose fewer, or shorter ones.`,
    );
  const folder = await runFolder();
  await folder.removeEntry('clips', { recursive: true }).catch(() => {});
  const root = await folder.getDirectoryHandle('clips', { create: true });
  for (const [index, clip] of clips.entries()) {
    const label = 'file' in clip ? classOf(clip.path) : clip.label;
    const place = await root.getDirectoryHandle(encodeURIComponent(label), { create: true });
    if ('file' in clip) await write(place, `${index}-${encodeURIComponent(clip.file.name)}`, clip.file);
    else await write(place, `${index}.frames`, recordingBlob(clip));
  }
}

export interface KeptClip {
  readonly label: string;
  readonly file: File;
}

/** The clips in the page's storage, in the order of their names. */
export async function keptClips(): Promise<KeptClip[]> {
  const root = await folderIn('clips');
  const found: KeptClip[] = [];
  for await (const [label, place] of root.entries()) {
    if (place.kind !== 'directory') continue;
    for await (const [, entry] of (place as FileSystemDirectoryHandle).entries())
      if (entry.kind === 'file')
        found.push({ label: decodeURIComponent(label), file: await (entry as FileSystemFileHandle).getFile() });
  }
  const key = ({ label, file }: KeptClip) => `${label}/${file.name}`;
  return found.sort((a, b) => key(a).localeCompare(key(b), 'en', { numeric: true }));
}

/** The class of a file: the last folder on its path. @throws Error for a file that lies in no folder */
export function classOf(path: string): string {
  const label = path.split('/').at(-2);
  if (!label)
    throw new Error(
      `${path} lies in no folder. Choose a folder that has one folder for each class, with its clips or images in it.`,
    );
  return label;
}
