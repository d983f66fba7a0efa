/** Five pictures of white squares and grey bars, as a source; a training step with its gradients on the host. */
import { trainingContext } from '@dr2net/ops';
import { add, dispose, mul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import {
  type DetectionBatch,
  type DetectionSource,
  detectionSource,
  type ObjectDetection,
  readDetections,
} from '../src/node.ts';
import { fromRgb, writeFiles } from './pictures.ts';

/** White squares (class 0) and grey ones that are wider (class 1) on black, one of each in a picture at most. */
const places = [
  [{ x: 4, y: 6, label: 0 }],
  [{ x: 28, y: 20, label: 1 }],
  [
    { x: 26, y: 4, label: 0 },
    { x: 2, y: 22, label: 1 },
  ],
  [],
  [{ x: 16, y: 12, label: 0 }],
];
const sizeOf = (label: number) => (label === 0 ? { width: 10, height: 10 } : { width: 18, height: 8 });
const pictures = await Promise.all(
  places.map((objects) => {
    const rgb = new Uint8Array(48 * 32 * 3);
    for (const { x, y, label } of objects) {
      const { width, height } = sizeOf(label);
      for (let row = y; row < y + height; row++)
        rgb.fill(label === 0 ? 255 : 120, 3 * (row * 48 + x), 3 * (row * 48 + x + width));
    }
    return fromRgb(rgb, 48, 32).png().toBuffer();
  }),
);
const annotations = places
  .flatMap((objects, image) => objects.map((object) => ({ image, ...object })))
  .map(({ image, x, y, label }, i) => {
    const { width, height } = sizeOf(label);
    return { id: i + 1, image_id: image, category_id: 3 + label, bbox: [x, y, width, height], iscrowd: 0 };
  });
const truth = {
  images: places.map((_, id) => ({ id, file_name: `${id}.png`, width: 48, height: 32 })),
  categories: [
    { id: 3, name: 'square' },
    { id: 4, name: 'bar' },
  ],
  annotations,
};

/** The data set, written below `root`, and sources of it. */
export async function shapes(root: string) {
  const folder = writeFiles(root, {
    ...Object.fromEntries(pictures.map((data, i) => [`${i}.png`, data])),
    'truth.json': JSON.stringify(truth),
  });
  const dataset = await readDetections(folder);
  const source = (training: boolean, batch = 3) =>
    detectionSource(dataset, {
      size: [32, 48],
      batch,
      training,
      ...(training && { augment: { crop: false, flip: 0, scale: [1, 1] } }),
    });
  return { dataset, source };
}

/** The first batch of a source. */
export async function firstBatch(source: DetectionSource): Promise<DetectionBatch> {
  for await (const batch of source.epoch({ seed: 1, epoch: 0 })) return batch;
  throw new Error('the source gave no batch');
}

/** A step's loss and gradients. */
export async function stepOf(model: ObjectDetection, batch: DetectionBatch, context = trainingContext(1)) {
  const found = new Map<string, Tensor>();
  const { loss, output, reports } = await model.step(batch, {
    context,
    sink: (parameter, gradient) => void found.set(parameter.name, gradient),
  });
  await Promise.all(reports.map((report) => report.check()));
  const gradients = new Map<string, Float32Array>();
  for (const [name, gradient] of found) gradients.set(name, (await gradient.data()) as Float32Array);
  const value = (await loss.data())[0] as number;
  dispose([loss, output, ...found.values()]);
  return { loss: value, gradients };
}

/** How the loss changes along a parameter's gradient, by central differences, as a share of what the gradient says: 1 where it is right. */
export async function slopeOf(
  model: ObjectDetection,
  batch: DetectionBatch,
  gradients: ReadonlyMap<string, Float32Array>,
  name: string,
  step: number,
): Promise<number> {
  const parameter = model.parameters.find((each) => each.name === name)!;
  const gradient = gradients.get(name)!;
  const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value ** 2, 0));
  const start = parameter.variable.clone();
  const along = async (by: number) => {
    parameter.assign(tidy(() => add(start, mul(tensor(gradient, start.shape), by / norm))));
    return (await stepOf(model, batch)).loss;
  };
  const [up, down] = [await along(step), await along(-step)];
  parameter.assign(start);
  return (up - down) / (2 * step * norm);
}

/** Against the gradient's size, parameter by parameter: enough to overfit a few pictures. */
export function descend(
  { parameters }: ObjectDetection,
  gradients: ReadonlyMap<string, Float32Array>,
  rate: number,
): void {
  for (const parameter of parameters) {
    const gradient = gradients.get(parameter.name);
    if (!gradient) continue;
    const size = Math.sqrt(gradient.reduce((sum, value) => sum + value ** 2, 0) / gradient.length) + 1e-9;
    const shape = [...parameter.shape];
    parameter.assign(tidy(() => add(parameter.variable, mul(tensor(gradient, shape), -rate / size))));
  }
}
