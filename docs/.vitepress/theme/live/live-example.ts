/** `<live-example name="recurrence">`: an example that runs in the reader's browser, its values and its source to be changed. */
import { formatDuration } from '@dr2net/memory';
import type { Answer } from '../../../workers/protocol.ts';
import { backendOf } from './backend.ts';
import { type ControlForm, controlForm } from './controls.ts';
import { make } from './dom.ts';
import { editorOf } from './editor.ts';
import { Outputs } from './outputs.ts';
import { Session } from './session.ts';

const sources = import.meta.glob<string>('../../../examples/*.js', { query: '?raw', import: 'default' });

export class LiveExample extends HTMLElement {
  readonly #status = make('p', { class: 'live-status', role: 'status' });
  readonly #outputs = new Outputs();
  readonly #session = new Session({ answer: (answer) => this.#take(answer) });
  readonly #form = make('div');
  #controls: ControlForm | undefined;
  #source = '';
  #device = '';
  #restarted = false;

  async connectedCallback(): Promise<void> {
    if (this.childElementCount > 0) return;
    this.append(make('div', {}, this.#status, this.#form, this.#outputs.element));
    this.#say('Loading …');
    const name = this.getAttribute('name') ?? '';
    const source = await sources[`../../../examples/${name}.js`]?.();
    if (source === undefined) return this.#fail(`There is no example "${name}".`);
    this.#source = source;
    this.append(this.#sourcePanel(name));
    this.#load();
  }

  disconnectedCallback(): void {
    this.#session.end();
  }

  #sourcePanel(name: string): HTMLElement {
    const panel = make('details', { class: 'live-source' }, make('summary', {}, `Source: ${name}.js, to be edited`));
    panel.addEventListener(
      'toggle',
      () => {
        const editor = editorOf(this.#source);
        const run = make('button', { type: 'button' }, 'Run');
        run.addEventListener('click', () => {
          this.#source = editor.text();
          this.#load();
        });
        const original = this.#source;
        const reset = make('button', { type: 'button' }, 'As it was');
        reset.addEventListener('click', () => {
          editor.reset(original);
          this.#source = original;
          this.#load();
        });
        panel.append(editor.element, make('p', { class: 'live-buttons' }, run, reset));
      },
      { once: true },
    );
    panel.open = matchMedia('(min-width: 960px)').matches;
    return panel;
  }

  #load(): void {
    this.dataset.state = 'loading';
    this.#say('Starting …');
    this.#session.load(this.#source, backendOf());
  }

  #run(): void {
    this.dataset.state = 'running';
    this.#say(`${this.#device} Computing …`);
    this.#outputs.begin();
    this.#session.run(this.#controls?.values() ?? {});
  }

  #take(answer: Answer): void {
    if (answer.type === 'started') {
      const { backend, device, note } = answer;
      this.dataset.backend = backend;
      this.#device = note ?? `On ${backend}: ${device}.`;
    } else if (answer.type === 'loaded') {
      this.#controls = controlForm(answer.controls, () => this.#run());
      this.#form.replaceChildren(this.#controls.element);
      this.#run();
    } else if (answer.type === 'output') this.#outputs.add(answer.output);
    else if (answer.type === 'done') void this.#done(answer.seconds);
    else this.#failed(answer);
  }

  async #done(seconds: number): Promise<void> {
    await this.#outputs.end();
    this.#restarted = false;
    this.#say(`${this.#device} Took ${formatDuration(seconds)}.`);
    this.dataset.state = 'done';
  }

  #failed({ message, lost }: Extract<Answer, { type: 'error' }>): void {
    if (lost && !this.#restarted) {
      this.#restarted = true;
      this.#load();
      this.#say('The graphics device was lost; starting it again …');
    } else this.#fail(message);
  }

  #say(text: string): void {
    this.#status.textContent = text;
    this.#status.classList.remove('live-error');
  }

  #fail(message: string): void {
    this.dataset.state = 'error';
    this.#status.textContent = message;
    this.#status.classList.add('live-error');
  }
}
