/** Scenes in a run's folder and report: three sides by truth, prediction and error, and a page each to turn them about. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PointEvaluation, PointSource } from '@dr2net/pointcloud';
import type { RunFolder } from '../../finetune/run-folder.ts';
import { html } from '../../report/html.ts';
import { scenePage } from '../../report/scene/page.ts';
import { encodeScene, type SceneRecord } from '../../report/scene/record.ts';
import { sceneSection } from '../../report/scene/section.ts';

/** Scenes that are shown: a report of many would be large. */
const most = 3;

const fileName = (id: string) => id.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-|-$/g, '');

/** The first validation scenes, with what the last evaluation found. */
export async function showScenes(
  folder: RunFolder,
  source: PointSource,
  { scenes, labels: classes }: PointEvaluation,
): Promise<void> {
  await mkdir(folder.scenes, { recursive: true });
  for (const { id, classes: predicted, iou } of scenes.slice(0, most)) {
    const { cloud } = await source.scene(id);
    const { positions, origin, labels = null } = cloud;
    const record: SceneRecord = { id, positions, truth: labels, predicted, classes, iou, origin };
    const name = fileName(id);
    await writeFile(join(folder.scenes, `${name}.ply`), encodeScene(record));
    await writeFile(join(folder.scenes, `${name}.html`), await scenePage(record));
    folder.addSection(sceneSection(record, { href: `scenes/${encodeURIComponent(name)}.html` }));
  }
  if (scenes.length > most)
    folder.addSection(html`<p>${most} of ${scenes.length} validation scenes are shown, the first ones.</p>`);
}
