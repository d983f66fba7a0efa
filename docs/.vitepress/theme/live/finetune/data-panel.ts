/** Where the clips come from: the embedded set, the reader's folder, the webcam. */
import type { DataChoice, Recording } from '../../../../workers/finetune/protocol.ts';
import { make } from '../dom.ts';
import { dropZone } from '../drop-zone.ts';
import { Webcam } from './webcam.ts';

export interface DataPanelEvents {
  choose(choice: DataChoice): void;
  fail(message: string): void;
}

const inWords = (error: unknown) => (error instanceof Error ? error.message : String(error));

export class DataPanel {
  readonly webcam = new Webcam();
  readonly element: HTMLElement;
  readonly #recordings: Recording[] = [];

  constructor(private readonly events: DataPanelEvents) {
    const embedded = make(
      'button',
      { type: 'button', class: 'live-button', 'data-act': 'embedded' },
      'The embedded set',
    );
    embedded.addEventListener('click', () => events.choose({ kind: 'embedded' }));
    this.element = make(
      'fieldset',
      { class: 'live-data' },
      make('legend', {}, '1. Clips or images'),
      make('p', {}, embedded, ' 640 small clips of handwritten digits in eight kinds of motion.'),
      this.#files(),
      this.#camera(),
    );
  }

  #files(): HTMLElement {
    return dropZone({
      text: 'Or drop a folder here that has one folder for each class, with its clips (mp4, webm) or images in it; or choose it: ',
      label: 'Folder of class folders',
      folder: true,
      take: (files) => this.events.choose({ kind: 'files', files }),
      fail: this.events.fail,
    });
  }

  #camera(): HTMLElement {
    const name = make('input', { type: 'text', placeholder: 'wave', 'aria-label': 'Class of the recording' });
    const count = make('span', { role: 'status' });
    const record = make('button', { type: 'button', class: 'live-button' }, 'Record two seconds');
    const use = make('button', { type: 'button', class: 'live-button', disabled: true }, 'Use the recordings');
    record.addEventListener('click', async () => {
      const label = name.value.trim();
      if (!label) return this.events.fail('Give the class of the recording first: what you do in it.');
      record.disabled = true;
      try {
        this.#recordings.push({ label, ...(await this.webcam.record()) });
        count.textContent = this.#counted();
        use.disabled = false;
      } catch (error) {
        this.events.fail(inWords(error));
      } finally {
        record.disabled = false;
      }
    });
    use.addEventListener('click', () => {
      this.webcam.stop();
      this.events.choose({ kind: 'recordings', recordings: this.#recordings });
    });
    return make(
      'div',
      { class: 'live-camera' },
      'Or record with the webcam, at least two clips a class: ',
      name,
      ' ',
      record,
      ' ',
      use,
      ' ',
      count,
      this.webcam.element,
    );
  }

  #counted(): string {
    const counts = new Map<string, number>();
    for (const { label } of this.#recordings) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts].map(([label, count]) => `${label}: ${count}`).join(', ');
  }
}
