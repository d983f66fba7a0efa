/** What data that a task cannot read are, as far as names of files tell: a wrong `--task`, or a model in their place. */
import { opendir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UsageError } from '../errors.ts';
import type { TaskName } from '../options/by-task.ts';

/** The first that fits; text files are too many things to tell anything, but for where they lie. */
const signs: readonly (readonly [TaskName | 'model', RegExp])[] = [
  ['model', /^(config\.json|[^/]+\.safetensors)$/],
  [
    'detection',
    /(^|\/)Annotations\/[^/]+\.xml$|(^|\/)(data\.ya?ml|instances_[^/]*\.json|[^/]*annotations[^/]*\.json)$/i,
  ],
  ['pointcloud', /(^|\/)Annotations\/[^/]+\.txt$|\.(las|laz|ply|pcd)$/i],
  ['video', /\.(mp4|m4v|mov|avi|mkv|webm)$|(^|\/)clips\.csv$/i],
];

/** Looked at, at most; data sets have very many files. */
const most = 20_000;

async function looksLike(path: string): Promise<ReadonlySet<TaskName | 'model'>> {
  const found = new Set<TaskName | 'model'>();
  let left = most;
  for await (const entry of await opendir(path, { recursive: true })) {
    const name = relative(path, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    for (const [what, sign] of signs) if (sign.test(name)) found.add(what);
    if (--left === 0) break;
  }
  return found;
}

/** What the readers throw where there is nothing for them. */
const nothingThere = new Set(['DatasetError', 'CloudDatasetError', 'DetectionDatasetError']);

/**
 * Reads data of a task; where there are none, says what is there instead.
 * @throws what `read` throws
 */
export async function readAs<T>(task: TaskName, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof Error && nothingThere.has(cause.name))) throw cause;
    // A file, or nothing: said by the error already.
    const found = await looksLike(path).catch(() => new Set<TaskName | 'model'>());
    const what = signs.map(([one]) => one).find((one) => found.has(one));
    // Data of the task beside other files are what they are: the error is about them.
    if (what === undefined || found.has(task)) throw cause;
    const hint =
      what === 'model'
        ? 'It is a model folder: are --model and --data exchanged?'
        : `It looks like data of the task ${what}, but the task is ${task}.`;
    throw new UsageError(`${cause.message} ${hint}`, { cause });
  }
}
