/** What the pages of a trained model share: its worker, the reader's files, another example, a graphics device that is lost. */
import type { ModelAsk, ModelTold } from '../../../workers/model-protocol.ts';
import { backendOf } from './backend.ts';
import { make } from './dom.ts';
import { dropZone } from './drop-zone.ts';
import { startWorker } from './kit.ts';

interface Words {
  /** The worker's script among the bundles. */
  readonly worker: string;
  /** The button of another example, and of what the page began with. */
  readonly another: string;
  readonly embedded: string;
  /** What may be dropped, for readers and for screen readers. */
  readonly drop: string;
  readonly files: string;
}

const button = (text: string, act: string) =>
  make('button', { type: 'button', class: 'live-button', 'data-act': act }, text);

export abstract class ModelElement<Ask extends { type: string }, Told extends { type: string }> extends HTMLElement {
  readonly #status = make('p', { class: 'live-status', role: 'status' });
  readonly #model = make('p', { class: 'live-note' });
  readonly #another: HTMLButtonElement;
  protected readonly embedded: HTMLButtonElement;
  #worker: Worker | undefined;
  #backend = '';
  #losses = 0;

  constructor(private readonly words: Words) {
    super();
    this.#another = button(words.another, 'another');
    this.embedded = button(words.embedded, 'embedded');
  }

  /** Between the buttons and the model's line. */
  protected abstract content(): HTMLElement[];
  /** Asks for the example that is shown at first. */
  protected abstract first(): void;
  protected abstract another(): void;
  /** Shows an answer, and then calls `shown`. */
  protected abstract answer(told: Told): void;
  protected abstract dispose(): void;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const { words } = this;
    this.embedded.hidden = true;
    this.#another.addEventListener('click', () => this.another());
    this.embedded.addEventListener('click', () => this.ask({ type: 'embedded' }, "Loading the page's model …"));
    const drop = dropZone({
      ...{ text: words.drop, label: words.files, folder: false },
      take: (files) => this.ask({ type: 'files', files }, 'Reading …'),
      fail: (message) => this.#fail(message),
    });
    const buttons = make('p', { class: 'live-buttons' }, this.#another, this.embedded);
    this.append(this.#status, buttons, ...this.content(), this.#model, drop);
    this.#open();
  }

  disconnectedCallback(): void {
    this.#worker?.terminate();
    this.dispose();
  }

  protected ask(ask: Ask | ModelAsk, words: string): void {
    this.dataset.state = 'busy';
    this.#another.disabled = true;
    this.say(words);
    this.#worker?.postMessage(ask);
  }

  protected say(text: string): void {
    this.#status.textContent = `${this.#backend} ${text}`.trim();
    this.#status.classList.remove('live-error');
  }

  /** What was asked for is on the page. @param told numbers and names of it, for whoever looks at the page from outside */
  protected shown(text: string, told: Readonly<Record<string, string | number | undefined>>): void {
    this.#losses = 0;
    this.#another.disabled = false;
    for (const [name, value] of Object.entries(told))
      if (value === undefined) delete this.dataset[name];
      else this.dataset[name] = String(value);
    this.dataset.state = 'done';
    this.say(text);
  }

  #open(): void {
    this.#worker?.terminate();
    this.#worker = startWorker<Told | ModelTold>(this.words.worker, (told) => this.#take(told as Told | ModelTold));
    this.ask({ type: 'open', backend: backendOf() }, 'Starting …');
    this.first();
  }

  #take(told: Told | ModelTold): void {
    if (isOpened(told)) {
      this.#backend = told.note ?? `On ${told.backend}.`;
      this.dataset.backend = told.backend;
    } else if (isModel(told)) {
      this.embedded.hidden = !told.own;
      this.#model.textContent = `${told.own ? 'Your model' : "This page's model"}: ${told.words}.`;
    } else if (!isFailure(told)) this.answer(told as Told);
    else if (told.lost && this.#losses++ < 1) this.#open();
    else this.#fail(told.message);
  }

  #fail(message: string): void {
    this.dataset.state = 'error';
    this.#another.disabled = false;
    this.#status.textContent = message;
    this.#status.classList.add('live-error');
  }
}

type Of<Type extends ModelTold['type']> = Extract<ModelTold, { type: Type }>;
const isOpened = (told: { type: string }): told is Of<'opened'> => told.type === 'opened';
const isModel = (told: { type: string }): told is Of<'model'> => told.type === 'model';
const isFailure = (told: { type: string }): told is Of<'error'> => told.type === 'error';
