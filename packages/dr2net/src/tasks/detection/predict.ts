/** `predict` of a detector: objects in images, as COCO JSON and drawn on the images. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import {
  cocoDetections,
  type DetectionDataset,
  type DetectionImage,
  type FoundInImage,
  pictureJpeg,
  readImage,
  unlabelledImages,
} from '@dr2net/detection';
import { UsageError } from '../../errors.ts';
import type { BackendOption } from '../../options/model.ts';
import type { Output } from '../../output.ts';
import { classColours } from '../../report/detection/colours.ts';
import { loadDetection, wholeImages } from './detector.ts';
import { inFlags } from './flags.ts';
import { imageFiles, pictureName } from './images.ts';
import type { FoundOptions } from './options.ts';

export interface PredictImagesOptions extends FoundOptions, BackendOption {
  readonly model: string;
  readonly out?: string;
  readonly overwrite?: true;
  readonly batch: number;
}

interface Found extends FoundInImage {
  readonly width: number;
  readonly height: number;
}

/** @throws UsageError where a file would be written over */
async function requireNew(paths: readonly string[], { overwrite }: PredictImagesOptions): Promise<void> {
  if (overwrite) return;
  for (const path of paths)
    if (await stat(path).catch(() => undefined))
      throw new UsageError(`${path} is there already. Give --overwrite, or another place.`);
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be made: ${cause instanceof Error ? cause.message : cause}.`, { cause });
  });
}

/** COCO's form of a data set; its `annotations` are COCO's list of results. */
function cocoOf(found: readonly Found[], { classes, categoryIds }: DetectionDataset): object {
  return {
    images: found.map(({ id, imageId, width, height }) => ({ id: imageId, file_name: id, width, height })),
    categories: classes.map((name, k) => ({ id: categoryIds[k], name })),
    annotations: cocoDetections(found, categoryIds).map(({ bbox = [0, 0, 0, 0], ...rest }, i) => ({
      id: i + 1,
      ...rest,
      bbox,
      area: bbox[2] * bbox[3],
      iscrowd: 0,
    })),
  };
}

/** The image as a JPEG with its objects. */
async function drawn(image: DetectionImage, { objects }: FoundInImage, labels: readonly string[]): Promise<Uint8Array> {
  const colours = classColours(labels);
  const boxes = objects.map(({ box, label, score }) => ({
    box,
    colour: colours[label] as string,
    text: `${labels[label]} ${score.toFixed(2)}`,
  }));
  return pictureJpeg(await readImage(image), { boxes });
}

export function predictImages(files: readonly string[], options: PredictImagesOptions, output: Output): Promise<void> {
  return inFlags(() => predict(files, options, output));
}

async function predict(files: readonly string[], options: PredictImagesOptions, output: Output): Promise<void> {
  const { out, pictures, threshold, nms } = options;
  const entries = await imageFiles(files);
  const targets = pictures === undefined ? [] : entries.map(({ path }) => join(pictures, pictureName(path)));
  const twice = targets.find((target, i) => targets.indexOf(target) !== i);
  if (twice !== undefined) throw new UsageError(`Two of the images would both be drawn to ${twice}. Run them apart.`);
  await requireNew([...(out === undefined ? [] : [out]), ...targets], options);
  for (const folder of [...(out === undefined ? [] : [dirname(out)]), ...(pictures === undefined ? [] : [pictures])])
    await makeFolder(folder);
  const backend = await startBackend(options.backend);
  output.note(`backend ${backend.name}: ${backend.device}`);
  const { model, dispose } = await loadDetection(options.model);
  try {
    const dataset = unlabelledImages(entries, model.labels);
    const source = wholeImages(dataset, model, options, output);
    const all: Found[] = [];
    for await (const batch of source.epoch({ seed: 0, epoch: 0 })) {
      try {
        const found = await model.detect(batch, { threshold, ...(nms !== undefined && { nms }) });
        for (const [i, each] of found.entries()) {
          const { width, height } = batch.originals[i] as (typeof batch.originals)[number];
          all.push({ ...each, width, height });
          output.line(`${each.id}: ${inWords(each, model.labels)}`);
          if (pictures !== undefined)
            await writeFile(
              join(pictures, pictureName(each.id)),
              await drawn(batch.images[i] as DetectionImage, each, model.labels),
            );
        }
      } finally {
        batch.dispose();
      }
    }
    for (const note of source.notes) output.note(note);
    if (out !== undefined) {
      await writeFile(out, `${JSON.stringify(cocoOf(all, dataset))}\n`);
      output.line(`\n${all.reduce((sum, { objects }) => sum + objects.length, 0)} objects in ${out}`);
    }
    output.result({
      model: options.model,
      backend: backend.name,
      threshold,
      ...(nms !== undefined && { nms }),
      labels: model.labels,
      predictions: all.map(({ id, objects }) => ({ file: id, objects })),
      skipped: source.skipped.map(({ image, message }) => ({ file: image, message })),
    });
  } finally {
    dispose();
  }
}

/** `3 RBC, 1 WBC`, or `nothing`. */
function inWords({ objects }: FoundInImage, labels: readonly string[]): string {
  const counts = labels.map((label, k) => [label, objects.filter((object) => object.label === k).length] as const);
  const there = counts.filter(([, count]) => count > 0).map(([label, count]) => `${count} ${label}`);
  return there.length === 0 ? 'nothing' : there.join(', ');
}
