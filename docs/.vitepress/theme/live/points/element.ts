/** `<live-points>`: a trained network tells the classes of a cloud's points; the cloud can be turned in 3-D. */
import { formatDuration } from '@dr2net/memory';
import type { Answer, Ask, SegmentedCloud } from '../../../../workers/points/protocol.ts';
import { ModelElement } from '../model-element.ts';
import { Outputs } from '../outputs.ts';
import { CloudView } from './cloud-view.ts';

const percent = (share: number | null | undefined) =>
  share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;

export class LivePoints extends ModelElement<Ask, Answer> {
  readonly #view = new CloudView();
  readonly #table = new Outputs();
  #seed = 1;

  constructor() {
    super({
      worker: 'points.js',
      another: 'Another room',
      embedded: "This page's model again",
      drop: 'Or drop a cloud of your own here (ply, pcd, las, laz, txt, csv, npy, h5), the folder of a model that dr2net finetune --task pointcloud has saved, or both: ',
      files: 'Cloud, or files of a model',
    });
  }

  protected content(): HTMLElement[] {
    return [this.#view.element, this.#table.element];
  }

  protected first(): void {
    this.ask({ type: 'room', seed: this.#seed }, 'Segmenting …');
  }

  protected another(): void {
    this.#seed++;
    this.first();
  }

  protected answer(told: Answer): void {
    if (told.type === 'cloud') void this.#show(told.cloud);
    else this.say(`Segmenting: batch ${told.done} of ${told.total} …`);
  }

  protected dispose(): void {
    this.#view.dispose();
  }

  async #show(cloud: SegmentedCloud): Promise<void> {
    const { id, positions, predicted, classes, truth, iou, meanIou, seconds, notes } = cloud;
    const counted = (labels: Uint8Array, k: number) => labels.reduce((sum, label) => sum + (label === k ? 1 : 0), 0);
    this.#table.begin();
    this.#table.add({
      table: {
        title: `Classes of ${id}`,
        columns: ['class', ...(truth ? ['points'] : []), 'found', ...(iou ? ['IoU'] : [])],
        rows: classes.map((name, k) => [
          name,
          ...(truth ? [counted(truth, k).toLocaleString('en')] : []),
          counted(predicted, k).toLocaleString('en'),
          ...(iou ? [percent(iou[k])] : []),
        ]),
      },
    });
    await this.#table.end();
    let drawn = '';
    try {
      await this.#view.show(cloud);
    } catch (error) {
      drawn = ` It cannot be drawn, since this browser has no WebGL 2 here (${error instanceof Error ? error.message : error}).`;
    }
    const points = (positions.length / 3).toLocaleString('en');
    const score = meanIou === undefined ? '' : `, mean IoU ${percent(meanIou)}`;
    this.shown(`${id}: ${points} points in ${formatDuration(seconds)}${score}.${drawn} ${notes.join(' ')}`, {
      ...{ miou: meanIou, cloud: id },
    });
  }
}
