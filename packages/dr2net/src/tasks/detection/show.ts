/** Objects in a run's folder and report: precision against recall, and a contact sheet of what was found. */
import { writeFile } from 'node:fs/promises';
import { type DetectionEvaluation, type DetectionSource, pictureJpeg, readImage } from '@dr2net/detection';
import type { RunFolder } from '../../finetune/run-folder.ts';
import { precisionRecallChart } from '../../report/detection/precision-recall.ts';
import { contactSheet, type SheetImage } from '../../report/detection/sheet.ts';
import { figure, html } from '../../report/html.ts';

/** Images that are shown: a report of many would be large. */
const most = 8;
/** Objects of a lower score are not drawn. */
const threshold = 0.5;
/** Pixels of a picture's longer side. */
const longest = 640;

/** The first validation images, with what the last evaluation found. */
export async function showDetections(
  folder: RunFolder,
  { dataset }: DetectionSource,
  evaluation: DetectionEvaluation,
): Promise<void> {
  const { labels, found } = evaluation;
  const byId = new Map(dataset.images.map((image) => [image.id, image]));
  const images: SheetImage[] = [];
  for (const { id, objects } of found.slice(0, most)) {
    const image = byId.get(id);
    if (!image) continue;
    const loaded = await readImage(image);
    images.push({
      id,
      ...loaded.original,
      jpeg: await pictureJpeg(loaded, { longest }),
      truth: image.boxes.map(({ x, y, width, height, label }) => ({ label, box: [x, y, x + width, y + height] })),
      found: objects.filter(({ score }) => score >= threshold),
    });
  }
  const curves = [0.5, 0.75].map((overlap) => precisionRecallChart(evaluation, overlap));
  folder.addSection(html`<h2>Precision and recall</h2><div class="figures">${curves.map(figure)}</div>`);
  const sheet = contactSheet(images, labels);
  if (!sheet) return;
  await writeFile(folder.sheet, sheet.svg.replace('fill="currentColor"', 'fill="#1c2128"'));
  folder.addSection(
    html`<h2>What was found</h2><p>The first ${images.length} of ${found.length} validation images, as annotated, and with the objects of a score of ${threshold} or more.</p>${figure(sheet)}`,
  );
}
