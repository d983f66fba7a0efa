/**
 * The folder of a run: `metrics.jsonl`, `report.html`, `model/`, `checkpoint/`, `scenes/` of point clouds, `contact-sheet.svg` of images. It is opened, and shown to be writable,
 * before any training.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, normalize, relative, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { Html } from '../report/html.ts';
import { gatherRun, type RunRecord } from '../report/run-log.ts';
import { runReport } from '../report/run-report.ts';
import { type FolderLock, lockFolder, lockName } from './lock.ts';

const files = {
  metrics: 'metrics.jsonl',
  report: 'report.html',
  model: 'model',
  checkpoint: 'checkpoint',
  scenes: 'scenes',
  sheet: 'contact-sheet.svg',
} as const;
const own: ReadonlySet<string> = new Set(Object.values(files));

export interface RunFolderOptions {
  /** Go on with the run that is there. */
  readonly resume?: boolean;
  /** Delete the run that is there. */
  readonly overwrite?: boolean;
}

export class RunFolder {
  readonly #records: RunRecord[] = [];
  readonly #sections: Html[] = [];

  private constructor(
    readonly path: string,
    /** What `--overwrite` deletes when the new run begins. */
    private readonly stale: readonly string[],
    private readonly lock: FolderLock,
  ) {}

  get model(): string {
    return join(this.path, files.model);
  }

  get checkpoint(): string {
    return join(this.path, files.checkpoint);
  }

  get report(): string {
    return join(this.path, files.report);
  }

  /** Where pictures of scenes go, each as a page and as the points it shows. */
  get scenes(): string {
    return join(this.path, files.scenes);
  }

  /** Where a picture of images beside what was found in them goes. */
  get sheet(): string {
    return join(this.path, files.sheet);
  }

  get records(): readonly RunRecord[] {
    return this.#records;
  }

  /**
   * @param reads what the run reads, by option: never deleted
   * @throws UsageError when the folder holds something already, is no folder, or cannot be written
   */
  static async open(
    given: string,
    options: RunFolderOptions,
    reads: Readonly<Record<string, string | undefined>> = {},
  ): Promise<RunFolder> {
    // An empty variable of a script would be the folder at hand.
    if (given === '') throw new UsageError('--out is empty. Give a new or empty folder.');
    // What is looked at must be what is written to: "new/.." is there once "new" has been made.
    const path = normalize(given);
    if (options.resume && options.overwrite)
      throw new UsageError('--resume goes on with a run and --overwrite deletes it; give one of them.');
    const entries = (await entriesOf(path)).filter((entry) => entry !== lockName);
    if (options.resume) await requireRun(path, entries);
    else if (entries.length > 0) requireRoom(path, entries, options.overwrite ?? false);
    if (options.overwrite) requireApart(path, reads);
    await requireWritable(path);
    return new RunFolder(path, options.resume ? [] : entries, await lockFolder(path));
  }

  /** Deletes the run that `--overwrite` replaces: when the new one is known to begin, so that a refusal costs nothing. */
  async begin(): Promise<void> {
    for (const entry of this.stale) await rm(join(this.path, entry), { recursive: true });
  }

  /** Lets other runs have the folder. */
  close(): void {
    this.lock.release();
  }

  /** Adds a line to `metrics.jsonl`. */
  append(record: RunRecord): void {
    this.#records.push(record);
    appendFileSync(join(this.path, files.metrics), `${JSON.stringify(record)}\n`);
  }

  /** After a resume: keeps the records up to `step`; those after it are made again. */
  keepUpTo(step: number): void {
    const path = join(this.path, files.metrics);
    if (!existsSync(path)) return;
    const lines = readFileSync(path, 'utf8').split('\n');
    this.#records.length = 0;
    for (const line of lines) {
      const record = parse(line);
      if (record && !(('step' in record ? record.step : 0) > step)) this.#records.push(record);
    }
    writeAtomically(path, this.#records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }

  /** The settings that the run began with; undefined where its records are not there. */
  get began(): Readonly<Record<string, unknown>> | undefined {
    const path = join(this.path, files.metrics);
    if (!existsSync(path)) return undefined;
    const records = readFileSync(path, 'utf8').split('\n').map(parse);
    return records.find((record) => record?.kind === 'settings')?.settings;
  }

  /** Adds to the report what no record holds. */
  addSection(section: Html): void {
    this.#sections.push(section);
  }

  /** Writes `report.html` of the records so far. */
  writeReport(title: string): void {
    writeAtomically(this.report, runReport(gatherRun(this.#records), title, this.#sections));
  }
}

function parse(line: string): RunRecord | undefined {
  try {
    return JSON.parse(line) as RunRecord;
  } catch {
    // The end of the file, or a line that a killed run did not finish.
    return undefined;
  }
}

async function entriesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) throw new UsageError(`--out ${path} is a file; give a folder.`);
  return readdir(path).catch((cause: unknown) => {
    throw new UsageError(`--out ${path} cannot be read: ${reason(cause)}`, { cause });
  });
}

async function requireRun(path: string, entries: readonly string[]): Promise<void> {
  if (!entries.includes(files.checkpoint))
    throw new UsageError(
      `--resume: ${path} holds no ${files.checkpoint} to go on from. Leave --resume out to begin a run there.`,
    );
}

function requireRoom(path: string, entries: readonly string[], overwrite: boolean): void {
  // A model alone may be anybody's.
  const isRun = entries.includes(files.metrics) || entries.includes(files.checkpoint);
  if (!overwrite)
    throw new UsageError(
      isRun
        ? `--out ${path} holds a run already. Give --resume to go on with it, --overwrite to delete it, or another folder.`
        : `--out ${path} is not empty (${entries.slice(0, 3).join(', ')}). Give a new or empty folder.`,
    );
  const foreign = entries.filter((entry) => !own.has(entry));
  if (!isRun || foreign.length > 0)
    throw new UsageError(
      `--overwrite: ${path} holds ${isRun ? 'more than a' : 'no'} run (${(isRun ? foreign : entries).slice(0, 3).join(', ')}), which is not deleted. Give another folder.`,
    );
}

/** @throws UsageError where the run reads what it would delete */
function requireApart(path: string, reads: Readonly<Record<string, string | undefined>>): void {
  for (const [flag, read] of Object.entries(reads))
    if (read !== undefined && !relative(resolve(path), resolve(read)).startsWith('..'))
      throw new UsageError(`--overwrite would delete ${flag} ${read}, which this run needs. Give another --out.`);
}

async function requireWritable(path: string): Promise<void> {
  const probe = join(path, `.writable-${process.pid}`);
  try {
    await mkdir(path, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw new UsageError(`--out ${path} cannot be written: ${reason(cause)}. Give a folder that you may write to.`, {
      cause,
    });
  }
}

function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
