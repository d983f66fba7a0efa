/** A cloud from a file, and a class for each of its points. */
import { currentBackend } from '@dr2net/backends';
import {
  BadCloudError,
  Confusion,
  classTable,
  type PointCloud,
  type PointSegmentation,
  type PointSource,
  pointSource,
  readCloud,
  type SavedCloudForm,
  samplingOf,
  segmentationMetrics,
  sourceOptionsOf,
  unlabelledScenes,
} from '@dr2net/pointcloud';
import type { SegmentedCloud } from './protocol.ts';

/** Points and samples at most: beyond them a reader would wait for minutes. */
const most = { points: 3_000_000, samples: 400 };

interface Source {
  readonly source: PointSource;
  readonly labelled: boolean;
  readonly notes: readonly string[];
}

/** With the file's labels where they mean classes of the model. */
async function sourceOf(file: File, cloud: PointCloud, form: SavedCloudForm, labels: readonly string[]) {
  const options = { batch: 2, training: false, sampling: samplingOf(form), ...sourceOptionsOf(form) };
  const id = file.name;
  const notes: string[] = [];
  if (cloud.labels && form.classes)
    try {
      const dataset = { scenes: [{ id, area: '', parts: [{ id, file }] }], classes: form.classes, reading: {} };
      return { source: await pointSource(dataset, options), labelled: true, notes } satisfies Source;
    } catch (error) {
      if (!(error instanceof BadCloudError && error.reason === 'labels')) throw error;
      notes.push(`Its labels are none of this model's, so they are not compared with: ${error.message}`);
    }
  const dataset = unlabelledScenes([{ path: id, file }], form.classes ?? classTable(labels));
  return { source: await pointSource(dataset, options), labelled: false, notes } satisfies Source;
}

/** @throws BadCloudError for what is no cloud; Error for one that is too large for a page */
export async function segmentCloud(
  model: PointSegmentation,
  file: File,
  progress: (done: number, total: number) => void,
): Promise<SegmentedCloud> {
  const begun = performance.now();
  const form = model.clouds;
  if (!form)
    throw new Error(
      "The model's config.json does not say how clouds are read (cloud_input). Save it anew by dr2net finetune.",
    );
  const cloud = await readCloud(file);
  if (cloud.count > most.points)
    throw new Error(`${file.name} has ${cloud.count} points; the page takes ${most.points}. Cut out a part of it.`);
  const { source, labelled, notes } = await sourceOf(file, cloud, form, model.labels);
  if (source.samples > most.samples)
    throw new Error(
      `${file.name} needs ${source.samples} samples of ${form.points} points; the page takes ${most.samples}. Cut out a part of it, or see that its unit is the model's (metres here).`,
    );
  for await (const { scene, allClasses } of model.segment(source, {
    onBatch: (done) => progress(done, source.batches),
  })) {
    currentBackend()?.check();
    const truth = labelled ? Uint8Array.from(scene.allLabels) : null;
    return {
      ...{ id: file.name, positions: cloud.positions, colours: cloud.colours ?? null, truth, predicted: allClasses },
      ...(truth && compared(truth, allClasses, model.labels.length)),
      ...{ classes: model.labels, seconds: (performance.now() - begun) / 1000, notes: [...cloud.notes, ...notes] },
    };
  }
  throw new Error(`${file.name} has no points.`);
}

function compared(truth: Uint8Array, predicted: Uint8Array, classes: number) {
  const confusion = new Confusion(classes);
  confusion.add(truth, predicted);
  const { iou, meanIou } = segmentationMetrics(confusion.counts);
  return meanIou === null ? {} : { iou, meanIou };
}
