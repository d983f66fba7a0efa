/** What can be done with the trained model: tested on the webcam, taken home. */
import type { Recording } from '../../../../workers/finetune/protocol.ts';
import { make } from '../dom.ts';
import type { Webcam } from './webcam.ts';

export interface ResultPanelEvents {
  predict(recording: Omit<Recording, 'label'>): void;
  save(): void;
  fail(message: string): void;
}

export class ResultPanel {
  readonly #answer = make('p', { role: 'status', class: 'live-prediction' });
  readonly #links = make('p', { class: 'live-files' });
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
    this.element = make(
      'div',
      { hidden: true },
      make('p', { class: 'live-buttons' }, test, save),
      this.#answer,
      this.#links,
    );
  }

  show(): void {
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    this.#links.replaceChildren();
    this.#answer.textContent = '';
  }

  prediction(scores: readonly (readonly [label: string, probability: number])[]): void {
    const told = scores.slice(0, 3).map(([label, score]) => `${label} ${(100 * score).toFixed(0)} %`);
    this.#answer.textContent = told.join(', ');
  }

  /** Links to the files of the model; the weights are downloaded at once. */
  saved(files: readonly { readonly name: string; readonly blob: Blob }[]): void {
    const links = files.map(({ name, blob }) => make('a', { href: URL.createObjectURL(blob), download: name }, name));
    this.#links.replaceChildren('The model: ', ...links.flatMap((link, i) => (i === 0 ? [link] : [', ', link])));
    links.find(({ download }) => download === 'model.safetensors')?.click();
  }
}
