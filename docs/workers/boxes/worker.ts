/** The worker of 'Boxes on images': a detector, a picture, and what is found in it. */
import { type ObjectDetection, objectDetection, unlabelledImages } from '@dr2net/detection';
import { isDinoConfig, loadDino, loadYolos, type ModelSource, readModelConfig } from '@dr2net/models';
import { base } from '../base.ts';
import { type DroppedModel, droppedModel } from '../dropped-model.ts';
import { serve } from '../serve.ts';
import { start } from '../start.ts';
import type { UserFile } from '../user-file.ts';
import { detect, drawn, type Given } from './detect.ts';
import type { Ask, Told } from './protocol.ts';

interface Model {
  readonly task: ObjectDetection;
  dispose(): void;
}

const tell = (told: Told) => postMessage(told);

let model: Model | undefined;
/** The reader's images, in turns; none: drawn pictures, by their seed. */
let own: readonly Given[] = [];
let [next, seed] = [0, 0];
let shown: Given | undefined;

async function use(source: ModelSource, options: DroppedModel['options'], isOwn: boolean): Promise<void> {
  const isDino = isDinoConfig(await readModelConfig(source, options));
  const network = isDino ? await loadDino(source, options) : await loadYolos(source, options);
  const task = objectDetection(network);
  model?.dispose();
  model = { task, dispose: () => network.dispose() };
  const { alpha, beta } = task.coefficients;
  const words = `${task.architecture}, ${task.subBlocks} sub-blocks, trained by ${task.method.name}, α = ${alpha}, β = ${beta}; pictures of ${task.input.size.join(' × ')} pixels; classes ${task.labels.join(', ')}`;
  tell({ type: 'model', own: isOwn, words });
}

const useEmbedded = () => use(new URL('boxes/', base), {}, false);

async function show(given: Given): Promise<void> {
  if (!model) throw new Error('The page has not started yet.');
  const picture = await detect(model.task, given);
  shown = given;
  tell({ type: 'picture', picture });
}

async function another(): Promise<void> {
  const given = own[next++ % Math.max(1, own.length)];
  await show(given ?? (await drawn(++seed)));
}

async function take(files: readonly UserFile[]): Promise<void> {
  const dropped = droppedModel(files);
  if (dropped) await use(dropped.url, dropped.options, true);
  const others = files.filter(({ path }) => !/\.(json|safetensors)$/i.test(path));
  if (dropped && others.length === 0) return shown ? show(shown) : another();
  const { images } = unlabelledImages(others.length > 0 ? others : files, model?.task.labels ?? []);
  own = images.map(({ id, file }) => ({ id, file: file as File }));
  next = 0;
  await another();
}

async function answer(ask: Ask): Promise<void> {
  switch (ask.type) {
    case 'open': {
      const { backend, note } = await start(ask.backend);
      await useEmbedded();
      return tell({ type: 'opened', backend: backend.name, ...(note !== undefined && { note }) });
    }
    case 'another':
      return another();
    case 'files':
      return take(ask.files);
    case 'embedded':
      own = [];
      await useEmbedded();
      return another();
  }
}

const ask = serve(answer);

addEventListener('message', ({ data }: MessageEvent<Ask>) => ask(data));
