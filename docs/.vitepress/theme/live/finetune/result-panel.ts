/** What can be done with the trained model: tested on the webcam, taken home. */
import { formatBytes } from '@dr2net/memory';
import type { Recording } from '../../../../workers/finetune/protocol.ts';
import { make } from '../dom.ts';
import type { Webcam } from './webcam.ts';

export interface ResultPanelEvents {
  predict(recording: Omit<Recording, 'label'>): void;
  save(): void;
  export(): void;
  fail(message: string): void;
}

export class ResultPanel {
  readonly #answer = make('p', { role: 'status', class: 'live-prediction' });
  readonly #links = make('p', { class: 'live-files' });
  readonly #file = make('p', { role: 'status', class: 'live-onnx' });
  readonly element: HTMLElement;

  constructor(webcam: Webcam, events: ResultPanelEvents) {
    const test = make('button', { type: 'button', class: 'live-button' }, 'Test on the webcam');
    test.addEventListener('click', async () => {
      test.disabled = true;
      try {
        events.predict(await webcam.record());
      } catch (error) {
        events.fail(error instanceof Error ? error.message : String(error));
      } finally {
        test.disabled = false;
      }
    });
    const save = make('button', { type: 'button', class: 'live-button', 'data-act': 'save' }, 'Download the model');
    save.addEventListener('click', () => events.save());
    const onnx = make('button', { type: 'button', class: 'live-button', 'data-act': 'onnx' }, 'Download ONNX');
    onnx.addEventListener('click', () => {
      this.#file.textContent = 'Writing the file, and running it beside the model …';
      events.export();
    });
    this.element = make(
      'div',
      { hidden: true },
      make('p', { class: 'live-buttons' }, test, save, onnx),
      this.#answer,
      this.#links,
      this.#file,
    );
  }

  show(): void {
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    this.#links.replaceChildren();
    this.#file.textContent = '';
    this.#answer.textContent = '';
  }

  prediction(scores: readonly (readonly [label: string, probability: number])[]): void {
    const told = scores.slice(0, 3).map(([label, score]) => `${label} ${(100 * score).toFixed(0)} %`);
    this.#answer.textContent = told.join(', ');
  }

  /** An ONNX file that agrees with the model: downloaded at once, too. */
  exported(blob: Blob, relative: number): void {
    const link = make('a', { href: URL.createObjectURL(blob), download: 'model.onnx' }, 'model.onnx');
    this.#file.replaceChildren(
      link,
      `, ${formatBytes(blob.size)}: run by onnxruntime in this page; its logits differ from the model's by at most ${relative.toExponential(1)} of the largest.`,
    );
    link.click();
  }

  /** No file is given. */
  refused(): void {
    this.#file.textContent = '';
  }

  /** Links to the files of the model; the weights are downloaded at once. */
  saved(files: readonly { readonly name: string; readonly blob: Blob }[]): void {
    const links = files.map(({ name, blob }) => make('a', { href: URL.createObjectURL(blob), download: name }, name));
    this.#links.replaceChildren('The model: ', ...links.flatMap((link, i) => (i === 0 ? [link] : [', ', link])));
    links.find(({ download }) => download === 'model.safetensors')?.click();
  }
}
