/** `<live-points>`: a trained network tells the classes of a cloud's points; the cloud can be turned in 3-D. */
import { formatDuration } from '@dr2net/memory';
import type { Ask, SegmentedCloud, Told } from '../../../../workers/points/protocol.ts';
import type { UserFile } from '../../../../workers/user-file.ts';
import { backendOf } from '../backend.ts';
import { make } from '../dom.ts';
import { dropZone } from '../drop-zone.ts';
import { startWorker } from '../kit.ts';
import { Outputs } from '../outputs.ts';
import { CloudView } from './cloud-view.ts';

const percent = (share: number | null | undefined) =>
  share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;

export class LivePoints extends HTMLElement {
  readonly #status = make('p', { class: 'live-status', role: 'status' });
  readonly #model = make('p', { class: 'live-note' });
  readonly #another = make('button', { type: 'button', class: 'live-button', 'data-act': 'another' }, 'Another room');
  readonly #embedded = make(
    'button',
    { type: 'button', class: 'live-button', 'data-act': 'embedded', hidden: true },
    "This page's model again",
  );
  readonly #view = new CloudView();
  readonly #table = new Outputs();
  #worker: Worker | undefined;
  #backend = '';
  #seed = 1;
  #losses = 0;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.#another.addEventListener('click', () => {
      this.#seed++;
      this.#room();
    });
    this.#embedded.addEventListener('click', () => this.#ask({ type: 'embedded' }, "Loading the page's model …"));
    const drop = dropZone({
      text: 'Or drop a cloud of your own here (ply, pcd, las, laz, txt, csv, npy, h5), the folder of a model that dr2net finetune --task pointcloud has saved, or both: ',
      label: 'Cloud, or files of a model',
      folder: false,
      take: (files) => this.#take(files),
      fail: (message) => this.#fail(message),
    });
    this.append(this.#status, make('p', { class: 'live-buttons' }, this.#another, this.#embedded));
    this.append(this.#view.element, this.#table.element, this.#model, drop);
    this.#open();
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
    this.#view.dispose();
  }

  #open(): void {
    this.#worker?.terminate();
    this.#worker = startWorker<Told>('points.js', (told) => this.#told(told));
    this.#ask({ type: 'open', backend: backendOf() }, 'Starting …');
    this.#room();
  }

  #room(): void {
    this.#ask({ type: 'room', seed: this.#seed }, 'Segmenting …');
  }

  #take(files: readonly UserFile[]): void {
    this.#ask({ type: 'files', files }, 'Reading …');
  }

  #ask(ask: Ask, words: string): void {
    this.dataset.state = 'busy';
    this.#another.disabled = true;
    this.#say(words);
    this.#worker?.postMessage(ask);
  }

  #told(told: Told): void {
    if (told.type === 'opened') {
      this.#backend = told.note ?? `On ${told.backend}.`;
      this.dataset.backend = told.backend;
      this.#say('Segmenting …');
    } else if (told.type === 'model') {
      this.#embedded.hidden = !told.own;
      this.#model.textContent = `${told.own ? 'Your model' : "This page's model"}: ${told.words}.`;
    } else if (told.type === 'progress') this.#say(`Segmenting: batch ${told.done} of ${told.total} …`);
    else if (told.type === 'cloud') void this.#show(told.cloud);
    else if (told.lost && this.#losses++ < 1) this.#open();
    else this.#fail(told.message);
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
    this.#losses = 0;
    this.#another.disabled = false;
    if (meanIou === undefined) delete this.dataset.miou;
    else this.dataset.miou = String(meanIou);
    this.dataset.cloud = id;
    this.dataset.state = 'done';
    const points = (positions.length / 3).toLocaleString('en');
    const score = meanIou === undefined ? '' : `, mean IoU ${percent(meanIou)}`;
    this.#say(`${id}: ${points} points in ${formatDuration(seconds)}${score}.${drawn} ${notes.join(' ')}`);
  }

  #say(text: string): void {
    this.#status.textContent = `${this.#backend} ${text}`.trim();
    this.#status.classList.remove('live-error');
  }

  #fail(message: string): void {
    this.dataset.state = 'error';
    this.#another.disabled = false;
    this.#status.textContent = message;
    this.#status.classList.add('live-error');
  }
}
