/** Trains the segmenter of live/points on rooms that are drawn, from random weights: models/points, and results/DATE-live/points.json. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  channelsOf,
  classTable,
  createBackbone,
  createSegmenter,
  loadSegmenter,
  pointSegmentation,
  pointSource,
  type SceneDataset,
  samplingOf,
  segmenterConfig,
  sourceOptionsOf,
  startBackend,
} from 'dr2net';
import { drawRoom, roomClasses, roomScan } from '../workers/points/room.ts';
import { halve } from './embedded/half.ts';
import { activationsOf, modelFolder, record, train } from './embedded/run.ts';

const count = { training: 60, held: 20 };
const epochs = Number(process.argv[2] ?? 7);
const batch = 4;

const backbone = {
  model_type: 'vit',
  ...{ hidden_size: 48, num_hidden_layers: 6, num_attention_heads: 3, intermediate_size: 96 },
  ...{ image_size: 16, patch_size: 8 },
};

/** The codes of the files are the places of the classes. */
const classes = classTable(roomClasses.map((name, code) => ({ name, codes: [code] })));
const clouds = { points: 1024, region: 'sphere', voxel: 0.12, features: ['height'], classes } as const;

function drawn(from: number, number: number): SceneDataset {
  const scenes = Array.from({ length: number }, (_, i) => {
    const id = `room-${from + i}.txt`;
    return { id, area: '', parts: [{ id, file: new File([drawRoom(from + i, roomScan)], id) }] };
  });
  return { scenes, classes, reading: {} };
}

function newSegmenter() {
  const blocks = createBackbone(backbone, 1);
  const channels = channelsOf(clouds.features);
  const config = segmenterConfig(blocks, { classes: roomClasses.length, channels, groupSize: 16, dropout: 0 });
  blocks.dispose();
  return createSegmenter(config, 1);
}

const { name } = await startBackend(process.argv[3] ?? 'node');
const options = { batch, sampling: samplingOf(clouds), ...sourceOptionsOf(clouds) };
const training = await pointSource(drawn(100_000, count.training), { ...options, training: true });
const held = await pointSource(drawn(1000, count.held), { ...options, training: false });

const ordinary = newSegmenter();
const ordinaryBytes = await activationsOf(pointSegmentation(ordinary), training, 'conventional');
ordinary.dispose();

const segmenter = newSegmenter();
const fresh = pointSegmentation(segmenter, { classes: roomClasses, clouds });
const trained = await train(fresh, training, { epochs, rate: 2e-3, clip: 1 });
const folder = modelFolder('points');
await fresh.save(folder);
halve(join(folder, 'model.safetensors'));
const model = pointSegmentation(await loadSegmenter(folder));
const { meanIou, iou, overallAccuracy } = await model.evaluate(held);
record('points', {
  ...{ backend: name, rooms: count, epochs, batch, ...trained, ordinaryActivationBytes: ordinaryBytes },
  bytes: statSync(join(folder, 'model.safetensors')).size,
  ...{ meanIou, overallAccuracy, iou: Object.fromEntries(roomClasses.map((label, k) => [label, iou[k]])) },
});
process.exit(0);
