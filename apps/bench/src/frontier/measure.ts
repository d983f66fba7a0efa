/** Measures all points in this process (logical bytes do not depend on what ran before); child.ts runs it. */
import { startBackend } from '@dr2net/backends';
import { applyRun, ExactScale, type RunReport } from '@dr2net/core';
import { meter } from '@dr2net/memory';
import {
  type ClassificationHead,
  channelsLast,
  gradients,
  loadBackbone,
  newHead,
  readTensorFile,
  type TransformerBackbone,
} from '@dr2net/models';
import { inference, softTargets, trainingContext } from '@dr2net/ops';
import { dispose, randomNormal, type Tensor, tensor } from '@tensorflow/tfjs-core';
import {
  type FrontierMeasurement,
  type FrontierPoint,
  type FrontierResult,
  type FrontierSettings,
  frontierPoints,
  settingOf,
} from './settings.ts';

const classes = 10;

/** The pixels of a file, channels last. */
async function pixelsOf(input: string): Promise<Tensor> {
  const tensors = await readTensorFile(input);
  const found = tensors.get('input.pixel_values') ?? tensors.get('input');
  if (!found)
    throw new Error(`${input} has neither input.pixel_values nor input; it has ${[...tensors.keys()].join(', ')}.`);
  const first = tensor(found.data, [...found.shape]);
  const pixels = channelsLast(first);
  first.dispose();
  return pixels;
}

function randomPixels({ input: { kind, frames, size, channels } }: TransformerBackbone): Tensor {
  const shape = kind === 'image' ? [1, size, size, channels] : [1, frames, size, size, channels];
  return randomNormal(shape, 0, 1, 'float32', 3);
}

/** The backbone's output, after its final norm. */
async function outputOf(backbone: TransformerBackbone, pixels: Tensor, point: FrontierPoint): Promise<Float32Array> {
  const { coefficients } = settingOf(point);
  const x0 = backbone.stem.apply(pixels, inference);
  // The coefficients alone decide what the network is; the method only how its gradient is got.
  const x = applyRun(backbone.subBlocks, x0, inference, { coefficients, method: { name: 'conventional' } });
  const y = backbone.norm?.apply(x, inference) ?? x.clone();
  const values = Float32Array.from((await y.data()) as Float32Array);
  dispose([x0, x, y]);
  return values;
}

function distance(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

async function stepAt(
  { backbone, head }: { backbone: TransformerBackbone; head: ClassificationHead },
  pixels: Tensor,
  point: FrontierPoint,
) {
  const labels = Array.from({ length: pixels.shape[0]! }, (_, i) => i % classes);
  const targets = softTargets(labels, classes);
  const scale = new ExactScale();
  const step = async (watched?: ReturnType<typeof meter>) => {
    const { loss, output, reports } = gradients(backbone, head, pixels, targets, {
      ...settingOf(point),
      scaleOf: () => scale,
      context: trainingContext(0),
      sink: (_parameter, gradient) => {
        watched?.exclude(gradient, 'gradients');
        gradient.dispose();
      },
    });
    const [report] = reports as [RunReport];
    await report.check();
    dispose([loss, output]);
    return report;
  };
  await step(); // The range of the states is measured here.
  const watched = meter({ points: 0 });
  const report = await step(watched);
  const { activationPeakBytes } = watched.stop();
  targets.dispose();
  return { report, activationPeakBytes };
}

export async function measureFrontier(
  settings: FrontierSettings,
  wanted: readonly FrontierPoint[] = frontierPoints,
): Promise<FrontierResult> {
  const backend = await startBackend(settings.backend);
  const given = settings.input ? await pixelsOf(settings.input) : undefined;
  const backbone = await loadBackbone(settings.model, {
    ...(settings.depth && { depth: settings.depth }),
    ...(given && { size: given.shape.at(-2)! }),
  });
  const head = newHead(backbone, { classes, seed: 2 });
  const pixels = given ?? randomPixels(backbone);
  const pretrained = await outputOf(backbone, pixels, { name: 'conventional', beta: 0 });
  const x0 = backbone.stem.apply(pixels, inference);
  const { shape, size } = x0;
  x0.dispose();
  const subBlocks = backbone.subBlocks.length;
  const points: FrontierMeasurement[] = [];
  for (const point of wanted) {
    const departure = distance(await outputOf(backbone, pixels, point), pretrained);
    const { report, activationPeakBytes } = await stepAt({ backbone, head }, pixels, point);
    const { stateBytes, sideBytes } = report;
    const sideBits = (8 * sideBytes) / (size * (subBlocks - 1));
    points.push({ ...point, departure, stateBytes, sideBytes, sideBits, activationPeakBytes });
  }
  return { architecture: backbone.architecture, subBlocks, shape, backend: backend.name, points };
}
