/**
 * COCO evaluation of boxes on one core: 5,000 synthetic images of 100 detections each, about 7 objects an image, half of
 * them met; among 80 categories and among 3.
 *
 *     node --conditions=@dr2net/source --import tsx bench/coco.ts [images] [detections]
 */
import { type CocoBox, evaluateCoco } from '../src/node.ts';

const [imageCount = 5000, perImage = 100] = process.argv.slice(2).map(Number);
const rounds = 3;

/** Numbers from 0 to 1, the same in every run (a linear congruential generator). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function synthetic(categoryCount: number) {
  const next = generator(categoryCount);
  const box = (): CocoBox => [500 * next(), 400 * next(), 8 + 200 * next() ** 2, 8 + 200 * next() ** 2];
  const category = () => 1 + Math.floor(categoryCount * next());
  const images = Array.from({ length: imageCount }, (_, i) => ({ id: i + 1, width: 720, height: 620 }));
  const categories = Array.from({ length: categoryCount }, (_, k) => ({ id: k + 1, name: `class ${k + 1}` }));
  const annotations = images.flatMap(({ id }) =>
    Array.from({ length: Math.floor(15 * next()) }, () => ({
      image_id: id,
      category_id: category(),
      bbox: box(),
      iscrowd: next() < 0.01 ? 1 : 0,
    })),
  );
  const near = (value: number) => value + 12 * (next() - 0.5);
  const met = annotations
    .filter(() => next() < 0.5)
    .map(({ image_id, category_id, bbox: [x, y, w, h] }) => ({
      image_id,
      category_id,
      score: next() ** 0.5,
      bbox: [near(x), near(y), Math.max(1, near(w)), Math.max(1, near(h))] as const,
    }));
  const counts = new Map<number, number>();
  for (const { image_id } of met) counts.set(image_id, (counts.get(image_id) ?? 0) + 1);
  const others = images.flatMap(({ id }) =>
    Array.from({ length: perImage - (counts.get(id) ?? 0) }, () => ({
      image_id: id,
      category_id: category(),
      score: next() ** 2,
      bbox: box(),
    })),
  );
  const truths = { images, categories, annotations: annotations.map((entry, i) => ({ ...entry, id: i + 1 })) };
  return { truths, detections: [...met, ...others] };
}

for (const categoryCount of [80, 3]) {
  const { truths, detections } = synthetic(categoryCount);
  const runs = Array.from({ length: rounds }, () => {
    const [start, work] = [performance.now(), process.cpuUsage()];
    const { stats } = evaluateCoco(truths, detections);
    const { user, system } = process.cpuUsage(work);
    return { seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6, AP: stats.AP };
  }).sort((a, b) => a.processor - b.processor);
  const { seconds, processor, AP } = runs[rounds >> 1]!;
  console.log(
    `${categoryCount} categories: ${truths.images.length} images, ${truths.annotations.length} objects, ` +
      `${detections.length} detections: ${processor.toFixed(2)} s of processor time, ` +
      `${seconds.toFixed(2)} s passed, AP ${(100 * AP!).toFixed(2)} %`,
  );
}
