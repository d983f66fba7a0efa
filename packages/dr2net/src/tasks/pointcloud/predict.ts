/** `predict` of a segmenter: each cloud as a PLY file with a class and a colour for every point. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import {
  classTable,
  pointSource,
  readCloud,
  samplingOf,
  sourceOptionsOf,
  unlabelledScenes,
  writePly,
} from '@dr2net/pointcloud';
import { UsageError } from '../../errors.ts';
import type { BackendOption } from '../../options/model.ts';
import type { Output } from '../../output.ts';
import { formatPercent } from '../../report/format.ts';
import { tellBatches } from '../tell.ts';
import { inFlags } from './flags.ts';
import { type CoverOptions, coverOf, type ReadingOptions, type SampleOptions } from './options.ts';
import { readingOf } from './read.ts';
import { formFor, loadSegmentation } from './segmentation.ts';

export interface PredictCloudsOptions extends ReadingOptions, SampleOptions, CoverOptions, BackendOption {
  readonly model: string;
  /** Default: the current folder. */
  readonly out?: string;
  readonly overwrite?: true;
  readonly batch: number;
}

interface Target {
  readonly path: string;
  readonly file: string;
  readonly ply: string;
}

/** Where each cloud goes. @throws UsageError where a file is none, or would be written over, or two into one */
async function targetsOf(files: readonly string[], { out = '.', overwrite }: PredictCloudsOptions): Promise<Target[]> {
  const targets = [...new Set(files)].map((file) => ({
    path: file,
    file,
    ply: join(out, `${basename(file).replace(/\.[^.]+$/, '')}.labelled.ply`),
  }));
  for (const [i, { file, ply }] of targets.entries()) {
    const found = await stat(file).catch(() => undefined);
    if (!found) throw new UsageError(`${file}: no file of that name. Check the path.`);
    if (found.isDirectory()) throw new UsageError(`${file} is a folder. Give the clouds in it.`);
    const other = targets.slice(0, i).find((before) => before.ply === ply);
    if (other) throw new UsageError(`${other.file} and ${file} would both be written to ${ply}. Run them apart.`);
    if (!overwrite && (await stat(ply).catch(() => undefined)))
      throw new UsageError(`${ply} is there already. Give --overwrite, or another folder by --out.`);
  }
  await mkdir(out, { recursive: true }).catch((cause: unknown) => {
    throw new UsageError(`--out ${out} cannot be made: ${cause instanceof Error ? cause.message : cause}.`, { cause });
  });
  return targets;
}

export function predictClouds(files: readonly string[], options: PredictCloudsOptions, output: Output): Promise<void> {
  return inFlags(() => predict(files, options, output));
}

async function predict(files: readonly string[], options: PredictCloudsOptions, output: Output): Promise<void> {
  const targets = await targetsOf(files, options);
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, dispose } = await loadSegmentation(options.model);
  try {
    const form = formFor(model, options);
    const reading = { ...readingOf(options), label: false as const };
    const source = await pointSource(unlabelledScenes(targets, classTable(model.labels), reading), {
      batch: options.batch,
      training: false,
      sampling: samplingOf(form, coverOf(form, options)),
      ...sourceOptionsOf(form),
      ...(options.cache !== undefined && { cache: options.cache }),
    });
    for (const note of source.notes) output.note(note);
    const predictions: object[] = [];
    for await (const { id, allClasses } of model.segment(source, { onBatch: tellBatches(source, output) })) {
      const { file, ply } = targets.find(({ path }) => path === id) as Target;
      const cloud = await readCloud(file, reading);
      await writePly(ply, cloud, { labels: allClasses, classes: model.labels });
      const counts = model.labels.map((_, k) => allClasses.reduce((sum, found) => sum + (found === k ? 1 : 0), 0));
      output.line(
        `${file} → ${ply}\n  ${model.labels.map((label, k) => `${label} ${formatPercent((counts[k] ?? 0) / allClasses.length)}`).join(', ')}`,
      );
      predictions.push({ file, ply, points: allClasses.length, labels: model.labels, counts });
    }
    output.result({ model: options.model, backend: backend.name, predictions });
  } finally {
    dispose();
  }
}
