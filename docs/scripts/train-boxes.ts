/** Trains the detector of live/boxes on pictures that are drawn, from random weights: models/boxes, and results/DATE-live/boxes.json. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createBackbone,
  createYolos,
  type DetectionDataset,
  detectionSource,
  loadYolos,
  objectDetection,
  startBackend,
  yolosConfig,
} from 'dr2net';
import { encode } from 'fast-png';
import { overlap } from '../workers/boxes/overlap.ts';
import { drawPicture, side } from '../workers/boxes/picture.ts';
import { shapes } from '../workers/boxes/shape.ts';
import { beginWell } from './embedded/begin.ts';
import { halve } from './embedded/half.ts';
import { activationsOf, modelFolder, record, train } from './embedded/run.ts';

const canvas = [64, 64] as const;
const count = { training: 2400, held: 300 };
const epochs = Number(process.argv[2] ?? 56);
const batch = 16;
/** Of pixels from 0 to 1. A new network's own is another, so it is written beside the weights. */
const normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const backbone = {
  model_type: 'vit',
  ...{ hidden_size: 64, num_hidden_layers: 4, num_attention_heads: 4, intermediate_size: 128 },
  ...{ image_size: canvas[0], patch_size: 8 },
};

/** Seeds of the held-out pictures are below those that are trained on; a page shows others again. */
function drawn(from: number, number: number): DetectionDataset {
  const images = Array.from({ length: number }, (_, i) => {
    const { pixels, objects } = drawPicture(from + i);
    const png = encode({ width: side, height: side, channels: 3, data: pixels }, { zlib: { level: 1 } });
    const boxes = objects.map(({ label, box: [x, y, width, height] }, k) => {
      return { label, x, y, width, height, crowd: false, id: 100 * i + k + 1 };
    });
    return { id: `drawn ${from + i}.png`, imageId: i + 1, file: new Blob([png as BlobPart]), boxes };
  });
  return { classes: shapes, categoryIds: shapes.map((_, k) => k + 1), images, dropped: [], notes: [] };
}

async function newDetector() {
  const blocks = createBackbone(backbone, 1);
  beginWell(blocks);
  const config = yolosConfig(blocks, { classes: shapes, size: canvas, detectionTokens: 16 });
  const detector = await createYolos(config, 1, { blocks });
  blocks.dispose();
  return detector;
}

const { name } = await startBackend(process.argv[3] ?? 'node');
const training = detectionSource(drawn(100_000, count.training), {
  ...{ size: canvas, batch, training: true, ...normalisation },
  augment: { crop: false, scale: [1, 1] },
});

const ordinary = await newDetector();
const ordinaryBytes = await activationsOf(objectDetection(ordinary), training, 'conventional');
ordinary.dispose();

const detector = await newDetector();
const trained = await train(objectDetection(detector), training, { epochs, rate: 1.5e-3, clip: 5 });
const folder = modelFolder('boxes');
await objectDetection(detector).save(folder);
const { mean: image_mean, std: image_std } = normalisation;
const [height, width] = canvas;
writeFileSync(
  join(folder, 'preprocessor_config.json'),
  `${JSON.stringify({ image_mean, image_std, size: { height, width } }, null, 2)}\n`,
);
halve(join(folder, 'model.safetensors'));
const model = objectDetection(await loadYolos(folder));
// As a page reads them: by what was saved.
const { size, mean, std } = model.input;
const held = detectionSource(drawn(1000, count.held), { size, mean, std, batch, training: false });
const { stats, categories } = await model.evaluate(held, { nms: overlap });
const { AP, AP50 } = stats;
record('boxes', {
  ...{ backend: name, canvas, pictures: count, epochs, batch, ...trained, ordinaryActivationBytes: ordinaryBytes },
  ...{ bytes: statSync(join(folder, 'model.safetensors')).size, AP, AP50 },
  classes: Object.fromEntries(categories.map((category) => [category.name, category.stats.AP50])),
});
process.exit(0);
