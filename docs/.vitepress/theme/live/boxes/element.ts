/** `<live-boxes>`: a trained detector draws boxes on pictures. */
import { formatDuration } from '@dr2net/memory';
import type { Ask, DetectedPicture, Told } from '../../../../workers/boxes/protocol.ts';
import { backendOf } from '../backend.ts';
import { make } from '../dom.ts';
import { dropZone } from '../drop-zone.ts';
import { startWorker } from '../kit.ts';
import { Outputs } from '../outputs.ts';
import { overlaps, PictureView } from './picture-view.ts';

const button = (text: string, act: string) =>
  make('button', { type: 'button', class: 'live-button', 'data-act': act }, text);

export class LiveBoxes extends HTMLElement {
  readonly #status = make('p', { class: 'live-status', role: 'status' });
  readonly #model = make('p', { class: 'live-note' });
  readonly #another = button('Another image', 'another');
  readonly #embedded = button("This page's model and images again", 'embedded');
  readonly #threshold = make('input', {
    type: 'range',
    name: 'threshold',
    min: 0.05,
    max: 0.95,
    step: 0.05,
    value: 0.3,
  });
  readonly #told = make('output', {}, '0.30');
  readonly #truth = make('input', { type: 'checkbox', name: 'truth' });
  readonly #view = new PictureView();
  readonly #table = new Outputs();
  #worker: Worker | undefined;
  #picture: DetectedPicture | undefined;
  #backend = '';
  #losses = 0;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.#embedded.hidden = true;
    this.#another.addEventListener('click', () => this.#ask({ type: 'another' }, 'Looking …'));
    this.#embedded.addEventListener('click', () => this.#ask({ type: 'embedded' }, "Loading the page's model …"));
    this.#threshold.addEventListener('input', () => void this.#draw());
    this.#truth.addEventListener('change', () => void this.#draw());
    const drop = dropZone({
      text: 'Or drop images of your own here (jpeg, png, webp), the folder of a model that dr2net finetune --task detection has saved, or both: ',
      label: 'Images, or files of a model',
      folder: false,
      take: (files) => {
        this.#embedded.hidden = false;
        this.#ask({ type: 'files', files }, 'Reading …');
      },
      fail: (message) => this.#fail(message),
    });
    const controls = make(
      'div',
      { class: 'live-controls' },
      make('label', {}, make('span', {}, 'least score'), this.#threshold, this.#told),
      make('label', { class: 'live-check' }, this.#truth, ' true boxes, dashed'),
    );
    this.append(this.#status, make('p', { class: 'live-buttons' }, this.#another, this.#embedded), controls);
    this.append(this.#view.element, this.#table.element, this.#model, drop);
    this.#open();
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
    this.#view.dispose();
  }

  #open(): void {
    this.#worker?.terminate();
    this.#worker = startWorker<Told>('boxes.js', (told) => this.#answer(told));
    this.#ask({ type: 'open', backend: backendOf() }, 'Starting …');
    this.#ask({ type: 'another' }, 'Starting …');
  }

  #ask(ask: Ask, words: string): void {
    this.dataset.state = 'busy';
    this.#another.disabled = true;
    this.#say(words);
    this.#worker?.postMessage(ask);
  }

  #answer(told: Told): void {
    if (told.type === 'opened') {
      this.#backend = told.note ?? `On ${told.backend}.`;
      this.dataset.backend = told.backend;
    } else if (told.type === 'model') {
      this.#embedded.hidden = !told.own;
      this.#model.textContent = `${told.own ? 'Your model' : "This page's model"}: ${told.words}.`;
    } else if (told.type === 'picture') {
      this.#picture = told.picture;
      this.#losses = 0;
      void this.#draw();
    } else if (told.lost && this.#losses++ < 1) this.#open();
    else this.#fail(told.message);
  }

  async #draw(): Promise<void> {
    const picture = this.#picture;
    if (!picture) return;
    const threshold = this.#threshold.valueAsNumber;
    this.#told.value = threshold.toFixed(2);
    this.#truth.disabled = picture.truth === null;
    const found = this.#view.show(picture, threshold, this.#truth.checked);
    const overlap = overlaps(picture, found);
    const { id, classes, truth, ap50, seconds } = picture;
    this.#table.begin();
    this.#table.add({
      table: {
        title: `Boxes in ${id}`,
        columns: ['class', 'score', 'left', 'top', 'width', 'height', ...(truth ? ['overlap with the truth'] : [])],
        rows: found.map(({ label, score, box: [x1, y1, x2, y2] }, k) => [
          ...[classes[label] ?? '', score.toFixed(2)],
          ...[x1, y1, x2 - x1, y2 - y1].map((pixels) => Math.round(pixels)),
          ...(truth ? [(overlap[k] ?? 0).toFixed(2)] : []),
        ]),
      },
    });
    await this.#table.end();
    this.#another.disabled = false;
    if (ap50 === null) delete this.dataset.ap50;
    else this.dataset.ap50 = String(ap50);
    this.dataset.boxes = String(found.length);
    this.dataset.picture = id;
    this.dataset.state = 'done';
    const boxes = `${found.length} ${found.length === 1 ? 'box' : 'boxes'}`;
    const score = ap50 === null ? '' : ` (objects: ${truth?.length}), AP50 ${(100 * ap50).toFixed(0)} %`;
    this.#say(`${id}: ${boxes}${score}, in ${formatDuration(seconds)}.`);
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
