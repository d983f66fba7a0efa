/** The worker of 'Point clouds in 3-D': a model, a cloud, and a class for each of its points. */
import { loadSegmenter, type PointSegmenter } from '@dr2net/models';
import { isCloudFile, type PointSegmentation, pointSegmentation, useLazWasm } from '@dr2net/pointcloud';
import { base } from '../base.ts';
import { droppedModel } from '../dropped-model.ts';
import { serve } from '../serve.ts';
import { start } from '../start.ts';
import type { UserFile } from '../user-file.ts';
import type { Ask, Told } from './protocol.ts';
import { drawRoom, roomScan } from './room.ts';
import { segmentCloud } from './segment.ts';

interface Model {
  readonly segmenter: PointSegmenter;
  readonly task: PointSegmentation;
}

const tell = (told: Told) => postMessage(told);

let model: Model | undefined;
/** The cloud that is shown. */
let shown: File | undefined;

function use(segmenter: PointSegmenter, own: boolean): void {
  const task = pointSegmentation(segmenter);
  model?.segmenter.dispose();
  model = { segmenter, task };
  const { alpha, beta } = task.coefficients;
  const words = `${segmenter.spec.depth} blocks of width ${segmenter.spec.width}, trained by ${task.method.name}, α = ${alpha}, β = ${beta}; classes ${task.labels.join(', ')}`;
  tell({ type: 'model', own, words });
}

const useEmbedded = async () => use(await loadSegmenter(new URL('points/', base)), false);

async function show(file: File): Promise<void> {
  if (!model) throw new Error('The page has not started yet.');
  const cloud = await segmentCloud(model.task, file, (done, total) => tell({ type: 'progress', done, total }));
  shown = file;
  tell({ type: 'cloud', cloud });
}

const again = () => (shown ? show(shown) : undefined);

async function take(files: readonly UserFile[]): Promise<void> {
  const dropped = droppedModel(files);
  const clouds = files.filter(({ path }) => isCloudFile(path));
  if (dropped) use(await loadSegmenter(dropped.url, dropped.options), true);
  else if (clouds.length === 0)
    throw new Error(
      `${files
        .map(({ path }) => path)
        .slice(0, 3)
        .join(', ')}: no cloud. The page reads ply, pcd, las, laz, txt, xyz, csv, pts, npy, npz and h5.`,
    );
  const [first] = clouds;
  await (first ? show(first.file) : again());
}

async function answer(ask: Ask): Promise<void> {
  switch (ask.type) {
    case 'open': {
      const { backend, note } = await start(ask.backend);
      useLazWasm(new URL('laz-perf.wasm', base));
      await useEmbedded();
      return tell({ type: 'opened', backend: backend.name, ...(note !== undefined && { note }) });
    }
    case 'room': {
      const name = `room ${ask.seed}.txt`;
      return show(new File([drawRoom(ask.seed, roomScan)], name));
    }
    case 'files':
      return take(ask.files);
    case 'embedded':
      await useEmbedded();
      return again();
  }
}

const ask = serve(answer);

addEventListener('message', ({ data }: MessageEvent<Ask>) => ask(data));
