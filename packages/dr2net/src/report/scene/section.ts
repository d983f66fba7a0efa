/** A scene in a report: its pictures, and beside them how many points each class has and how well it was found. */
import { formatPercent } from '../format.ts';
import { figure, type Html, html, table } from '../html.ts';
import { type SceneChartOptions, sceneChart } from './chart.ts';
import { checkScene, type SceneRecord, sceneIou } from './record.ts';

export interface SceneSectionOptions extends SceneChartOptions {
  /** Of the scene's own page, to turn it about: `scene.html`. */
  readonly href?: string;
}

/**
 * A scene as a section of a page: its views, and what was found.
 * @throws RangeError for counts that differ and labels that are no class
 */
export function sceneSection(record: SceneRecord, { href, ...options }: SceneSectionOptions = {}): Html {
  const { id, classes, truth, predicted } = record;
  checkScene(record);
  const iou = sceneIou(record);
  const labels = truth ?? predicted;
  const counts = new Array<number>(classes.length).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label < classes.length) counts[label] = (counts[label] as number) + 1;
  }
  const counted = iou?.filter((value) => value !== null) ?? [];
  const mean = counted.length > 0 ? counted.reduce((sum, value) => sum + value, 0) / counted.length : undefined;
  return html`<h2>Scene ${id}</h2>
<p>${(record.positions.length / 3).toLocaleString('en')} points${
    mean === undefined ? '' : `; mean IoU ${formatPercent(mean)}`
  }.${href === undefined ? undefined : html` <a href="${href}">Turn it about in 3-D.</a>`}</p>
<div class="figures">${[figure(sceneChart(record, options))]}</div>
${table(
  ['class', truth ? 'points' : 'points predicted', ...(iou ? ['IoU'] : [])],
  classes.map((name, k) => [
    name,
    (counts[k] as number).toLocaleString('en'),
    ...(iou ? [typeof iou[k] === 'number' ? formatPercent(iou[k]) : '–'] : []),
  ]),
)}`;
}
