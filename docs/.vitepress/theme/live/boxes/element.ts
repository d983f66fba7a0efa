/** `<live-boxes>`: a trained detector draws boxes on pictures. */
import { formatDuration } from '@dr2net/memory';
import type { Answer, Ask, DetectedPicture } from '../../../../workers/boxes/protocol.ts';
import { make } from '../dom.ts';
import { ModelElement } from '../model-element.ts';
import { Outputs } from '../outputs.ts';
import { judge } from './judge.ts';
import { PictureView } from './picture-view.ts';

export class LiveBoxes extends ModelElement<Ask, Answer> {
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
  #picture: DetectedPicture | undefined;

  constructor() {
    super({
      worker: 'boxes.js',
      another: 'Another image',
      embedded: "This page's model and images again",
      drop: 'Or drop images of your own here (jpeg, png, webp), the folder of a model that dr2net finetune --task detection has saved, or both: ',
      files: 'Images, or files of a model',
    });
  }

  protected content(): HTMLElement[] {
    this.#threshold.addEventListener('input', () => void this.#draw());
    this.#truth.addEventListener('change', () => void this.#draw());
    const controls = make(
      'div',
      { class: 'live-controls' },
      make('label', {}, make('span', {}, 'least score'), this.#threshold, this.#told),
      make('label', { class: 'live-check' }, this.#truth, ' true boxes, dashed'),
    );
    return [controls, this.#view.element, this.#table.element];
  }

  protected first(): void {
    this.ask({ type: 'another' }, 'Starting …');
  }

  protected another(): void {
    this.ask({ type: 'another' }, 'Looking …');
  }

  protected answer({ picture }: Answer): void {
    this.#picture = picture;
    // Images of the reader's are gone through by the page's model too.
    if (picture.own) this.embedded.hidden = false;
    void this.#draw();
  }

  protected dispose(): void {
    this.#view.dispose();
  }

  async #draw(): Promise<void> {
    const picture = this.#picture;
    if (!picture) return;
    const threshold = this.#threshold.valueAsNumber;
    this.#told.value = threshold.toFixed(2);
    this.#truth.disabled = picture.truth === null;
    const found = this.#view.show(picture, threshold, this.#truth.checked);
    const { id, classes, truth, seconds } = picture;
    const judged = truth && judge(truth, found);
    this.#table.begin();
    this.#table.add({
      table: {
        title: `Boxes in ${id}`,
        columns: ['class', 'score', 'left', 'top', 'width', 'height', ...(judged ? ['overlap with the truth'] : [])],
        rows: found.map(({ label, score, box: [x1, y1, x2, y2] }, k) => [
          ...[classes[label] ?? '', score.toFixed(2)],
          ...[x1, y1, x2 - x1, y2 - y1].map((pixels) => Math.round(pixels)),
          ...(judged ? [(judged.overlaps[k] ?? 0).toFixed(2)] : []),
        ]),
      },
    });
    await this.#table.end();
    const boxes = (count: number) => `${count} ${count === 1 ? 'box' : 'boxes'}`;
    const told = judged
      ? `${judged.objects} of ${truth.length} ${truth.length === 1 ? 'object' : 'objects'} found, ${judged.wrong === 0 ? 'no box' : boxes(judged.wrong)} too many`
      : boxes(found.length);
    this.shown(`${id}: ${told}, in ${formatDuration(seconds)}.`, {
      ...{ boxes: found.length, objects: judged?.objects, wrong: judged?.wrong, picture: id },
    });
  }
}
