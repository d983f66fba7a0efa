/** A segmenter of point clouds is finetuned in the page, from files to a coloured cloud and a saved model. */
import { trainingContext } from '@dr2net/ops';
import { dispose, memory, type Tensor } from '@tensorflow/tfjs-core';
import {
  adamW,
  type Coefficients,
  createBackbone,
  createSegmenter,
  ExactScale,
  encodePly,
  finetune,
  loadSegmenter,
  type MethodName,
  type PointBatch,
  type PointSegmentation,
  type PointSegmenter,
  parseClasses,
  pointSegmentation,
  pointSource,
  readCloud,
  readScenes,
  samplingOf,
  segmenterConfig,
  selectScenes,
} from 'dr2net';
import { assert, type Check } from './check.ts';
import { gardens } from './gardens.ts';

const clouds = { points: 96, region: 'sphere', features: ['height'] } as const;
const image = {
  model_type: 'vit',
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 48,
  image_size: 32,
  patch_size: 16,
};

function newSegmenter(): PointSegmenter {
  const blocks = createBackbone(image, 3);
  const config = segmenterConfig(blocks, { classes: 2, channels: 1, groupSize: 8, dropout: 0 });
  const segmenter = createSegmenter(config, 5, { blocks });
  blocks.dispose();
  return segmenter;
}

/** Scenes by name, as batches. */
async function sourceOf(training: boolean, ...names: string[]) {
  const chosen = await readScenes(gardens, { classes: parseClasses('ground=0,bush=1') });
  const { features } = clouds;
  return pointSource(selectScenes(chosen, names), { batch: 2, training, features, sampling: samplingOf(clouds) });
}

async function gradientsOf(model: PointSegmentation, batch: PointBatch) {
  const found = new Map<string, Tensor>();
  // On WebGPU the range of the states cannot be read within a step.
  const scale = new ExactScale();
  const { loss, output, reports } = model.step(batch, {
    context: trainingContext(1),
    scaleOf: () => scale,
    sink: (parameter, gradient) => void found.set(parameter.name, gradient),
  });
  await Promise.all(reports.map((report) => report.check()));
  const gradients = new Map<string, Float32Array>();
  for (const [name, gradient] of found) gradients.set(name, (await gradient.data()) as Float32Array);
  dispose([loss, output, ...found.values()]);
  return gradients;
}

async function firstBatch(): Promise<PointBatch> {
  const source = await sourceOf(true, 'north', 'east');
  for await (const batch of source.epoch({ seed: 1, epoch: 0 })) return batch;
  throw new Error('the source gave no batch');
}

/** ‖a − e‖ / ‖e‖ over all parameters. */
function distance(actual: Map<string, Float32Array>, expected: Map<string, Float32Array>): number {
  let [apart, size] = [0, 0];
  for (const [name, values] of expected)
    for (const [i, value] of values.entries()) {
      apart += ((actual.get(name)?.[i] ?? Number.NaN) - value) ** 2;
      size += value ** 2;
    }
  return Math.sqrt(apart / size);
}

/** Finetunes; the losses. */
async function train(model: PointSegmentation, method: MethodName): Promise<number[]> {
  const losses: number[] = [];
  const source = await sourceOf(true, 'north', 'east');
  const options = { steps: 48, seed: 0, memory: { method }, optimizer: adamW({ lr: 5e-3 }) };
  for await (const event of finetune(model, source, options)) if (event.type === 'step') losses.push(event.loss);
  return losses;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function learnsBy(method: MethodName, coefficients: Coefficients): Promise<void> {
  const before = memory().numTensors;
  const segmenter = newSegmenter();
  const model = pointSegmentation(segmenter, { classes: ['ground', 'bush'], coefficients, clouds });
  const losses = await train(model, method);
  const [first, last] = [mean(losses.slice(0, 4)), mean(losses.slice(-4))];
  assert(last < 0.7 * first, `losses of ${method}: ${losses.map((loss) => loss.toFixed(3)).join(', ')}`);

  const held = await sourceOf(false, 'south');
  const { meanIou, points } = await model.evaluate(held);
  assert(points === 360 && (meanIou ?? 0) > 0.6, `mean IoU ${meanIou} of ${points} points`);

  for await (const { scene, allClasses } of model.segment(held)) {
    const ply = encodePly(scene.cloud, { labels: allClasses, classes: held.classes });
    const read = await readCloud(new File([ply], 'south.ply'));
    assert(read.count === 360 && read.labels?.length === 360, `${read.count} points came back`);
    const colours = new Set(Array.from(read.colours ?? []).map(String));
    assert(colours.size > 1, 'the cloud has no colours');
  }

  // The origin's private file system stands for a folder that the user chose.
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(`finetuned-${method}`, { create: true });
  await model.save(folder);
  const loaded = await loadSegmenter(folder);
  const again = pointSegmentation(loaded);
  const { confusion: _, ...found } = await again.evaluate(held);
  assert(found.meanIou === meanIou, `mean IoU ${found.meanIou} of the saved model, ${meanIou} of the model`);
  assert(again.labels.join() === 'ground,bush' && again.clouds?.points === clouds.points, 'what was saved with it');
  await root.removeEntry(folder.name, { recursive: true });
  loaded.dispose();
  segmenter.dispose();
  assert(memory().numTensors === before, `${memory().numTensors - before} tensors left`);
}

async function agrees(): Promise<void> {
  const before = memory().numTensors;
  const batch = await firstBatch();
  const segmenter = newSegmenter();
  const coefficients = { alpha: 63 / 64, beta: 1 / 64 };
  const by = (name: MethodName) =>
    gradientsOf(pointSegmentation(segmenter, { classes: ['ground', 'bush'], coefficients, method: { name } }), batch);
  const expected = await by('conventional');
  assert(
    expected.size === segmenter.parameters.filter(({ trainable }) => trainable).length,
    `${expected.size} gradients`,
  );
  for (const method of ['exact', 'reversible', 'checkpoint'] as const) {
    const apart = distance(await by(method), expected);
    assert(apart < 1e-3, `gradients by ${method} are ${apart} apart`);
  }
  batch.dispose();
  segmenter.dispose();
  assert(memory().numTensors === before, `${memory().numTensors - before} tensors left`);
}

export const pointChecks: readonly Check[] = [
  { name: 'gradients of a segmenter agree by every method', run: agrees },
  { name: 'a segmenter learns by exact', run: () => learnsBy('exact', { alpha: 63 / 64, beta: 1 / 64 }) },
  { name: 'a segmenter learns by reversible', run: () => learnsBy('reversible', { alpha: 0, beta: 1 }) },
];
