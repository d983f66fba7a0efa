/** `<live-finetune>`: a model is finetuned in the reader's tab, on the reader's clips, which stay where they are. */
import type { DataChoice, DataSummary, Kept, Told } from '../../../../workers/finetune/protocol.ts';
import { backendOf } from '../backend.ts';
import { make } from '../dom.ts';
import { DataPanel } from './data-panel.ts';
import { ProgressPanel } from './progress-panel.ts';
import { ResultPanel } from './result-panel.ts';
import { SettingsPanel } from './settings-panel.ts';
import { FinetuneWorker } from './worker.ts';

type Answers = { readonly [T in Told['type']]: (told: Extract<Told, { type: T }>) => void };
type State = 'starting' | 'idle' | 'busy' | 'training' | 'trained' | 'error';

const button = (text: string, act: string) =>
  make('button', { type: 'button', class: 'live-button', 'data-act': act }, text);

export class LiveFinetune extends HTMLElement {
  readonly #status = make('p', { class: 'live-status', role: 'status' });
  readonly #kept = make('div', { class: 'live-kept' });
  readonly #chosen = make('p', { class: 'live-chosen' });
  readonly #worker = new FinetuneWorker((told) => this.#take(told));
  readonly #data = new DataPanel({ choose: (choice) => this.#choose(choice), fail: (message) => this.#fail(message) });
  readonly #settings = new SettingsPanel(() => this.#planAgain());
  readonly #progress = new ProgressPanel();
  readonly #result = new ResultPanel(this.#data.webcam, {
    predict: (recording) => this.#worker.ask({ type: 'predict', recording }),
    save: () => this.#worker.ask({ type: 'save' }),
    export: () => this.#worker.ask({ type: 'export' }),
    fail: (message) => this.#fail(message),
  });
  readonly #train = button('Train', 'train');
  readonly #stop = button('Stop', 'stop');
  readonly #answers: Answers = {
    opened: (told) => this.#opened(told),
    data: ({ summary }) => this.#prepared(summary),
    plan: ({ plan }) => this.#progress.plan(plan, this.#settings.method),
    note: ({ text }) => this.#say(text),
    step: (step) => {
      this.#losses = 0;
      this.#say('');
      this.#progress.step(step, this.#settings.method);
    },
    evaluation: (evaluation) => this.#progress.evaluation(evaluation),
    end: (end) => this.#ended(end),
    prediction: ({ scores }) => this.#result.prediction(scores),
    saved: ({ files }) => this.#result.saved(files),
    exported: ({ blob, relative }) => this.#result.exported(blob, relative),
    forgotten: () => this.#kept.replaceChildren(),
    error: ({ message, lost }) => this.#failed(message, lost),
  };
  #note = '';
  #hasData = false;
  /** Where the clips are that were chosen last: drawn again, or in this page's storage. */
  #source: 'embedded' | 'kept' = 'embedded';
  /** What is done once the clips are there again: the run that was stopped goes on, or one begins anew. */
  #next: 'resume' | 'begin' | undefined;
  /** Whether the device was lost while a model was trained. */
  #interrupted = false;
  #losses = 0;

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    this.#train.addEventListener('click', () => this.#begin(false));
    this.#stop.addEventListener('click', () => {
      this.#worker.ask({ type: 'stop' });
      this.#say('Stopping after this step …');
    });
    const buttons = make('p', { class: 'live-buttons' }, this.#train, this.#stop);
    this.append(this.#status, this.#kept, this.#data.element, this.#chosen, this.#settings.element, buttons);
    this.append(this.#progress.element, this.#result.element);
    this.#state('starting');
    this.#say('Starting …');
    this.#worker.open(backendOf());
  }

  disconnectedCallback(): void {
    this.#worker.close();
    this.#data.webcam.stop();
  }

  #choose(choice: DataChoice): void {
    this.#source = choice.kind === 'embedded' ? 'embedded' : 'kept';
    this.#state('busy');
    this.#say(choice.kind === 'embedded' ? 'Drawing the clips …' : 'Looking at the clips …');
    this.#worker.ask({ type: 'data', data: choice });
  }

  #planAgain(): void {
    if (!this.#hasData || this.dataset.state === 'training') return;
    try {
      this.#worker.ask({ type: 'plan', settings: this.#settings.values() });
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #begin(resume: boolean): void {
    try {
      const settings = this.#settings.values();
      this.#progress.begin();
      this.#result.hide();
      this.#kept.replaceChildren();
      this.#state('training');
      this.#say('Loading the model …');
      this.#worker.ask({ type: 'train', settings, resume });
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #offer(kept: Kept): void {
    const { settings, data } = kept;
    const go = button('Go on', 'resume');
    const drop = button('Throw it away', 'forget');
    go.addEventListener('click', () => this.#resume(kept));
    drop.addEventListener('click', () => this.#worker.ask({ type: 'forget' }));
    this.#kept.replaceChildren(
      make(
        'p',
        {},
        `A run by ${settings.method} on ${data.training} clips of ${data.labels.length} classes was stopped here before. `,
        go,
        ' ',
        drop,
      ),
    );
  }

  #resume({ settings, data }: Kept): void {
    this.#settings.show(settings);
    this.#next = 'resume';
    this.#choose({ kind: data.kind === 'embedded' ? 'embedded' : 'kept' });
  }

  /** A device that was lost before the first checkpoint: there is nothing to go on from. */
  #startOver(): void {
    this.#next = 'begin';
    this.#choose({ kind: this.#source });
  }

  #take<T extends Told['type']>(told: Extract<Told, { type: T }>): void {
    (this.#answers[told.type as T] as (told: Extract<Told, { type: T }>) => void)(told);
  }

  #opened({ backend, note, kept }: Extract<Told, { type: 'opened' }>): void {
    this.#note = note ?? `On ${backend}.`;
    this.dataset.backend = backend;
    this.#state('idle');
    this.#say('Choose what to train on.');
    if (!this.#interrupted) {
      if (kept) this.#offer(kept);
      return;
    }
    this.#interrupted = false;
    if (kept) this.#resume(kept);
    else this.#startOver();
  }

  #prepared({ labels, training, validation, notes }: DataSummary): void {
    this.#hasData = true;
    const counts = `${training} to train on, ${validation} to test on`;
    this.#chosen.textContent = `${labels.length} classes (${labels.join(', ')}): ${counts}. ${notes.join(' ')}`;
    this.#state('idle');
    this.#say('');
    const next = this.#next;
    this.#next = undefined;
    if (next) this.#begin(next === 'resume');
    else this.#planAgain();
  }

  #ended({ reason, step }: Extract<Told, { type: 'end' }>): void {
    const { accuracy } = this.#progress;
    const measured =
      accuracy === undefined
        ? ''
        : ` ${(100 * accuracy).toFixed(1)} % of the clips that were not trained on are right.`;
    this.dataset.step = String(step);
    if (accuracy !== undefined) this.dataset.accuracy = String(accuracy);
    this.#progress.end(
      reason === 'finished'
        ? `Finished at step ${step}.${measured}`
        : `Stopped at step ${step}; it is kept in this browser, and goes on where it stopped, after a reload too.${measured}`,
    );
    this.#result.show();
    this.#state('trained');
  }

  /** A graphics device that is lost is started again, and the run goes on from its checkpoint, or begins again; twice in a row without a step is enough. */
  #failed(message: string, lost: boolean): void {
    if (!lost || this.#losses >= 2) {
      this.#fail(message);
      return;
    }
    this.#losses++;
    this.#interrupted = this.dataset.state === 'training';
    // The worker that knew them is gone.
    this.#hasData = false;
    this.#state('starting');
    this.#say('The graphics device was lost; starting it again …');
    this.#worker.open(backendOf());
  }

  #state(state: State): void {
    this.dataset.state = state;
    const free = state !== 'starting' && state !== 'busy' && state !== 'training';
    this.#train.disabled = !free || !this.#hasData;
    this.#stop.disabled = state !== 'training';
    this.#data.element.toggleAttribute('disabled', !free);
    this.#settings.element.toggleAttribute('disabled', !free);
  }

  #say(text: string): void {
    this.#status.textContent = text ? `${this.#note} ${text}` : this.#note;
    this.#status.classList.remove('live-error');
  }

  #fail(message: string): void {
    this.#result.refused();
    this.#state('error');
    this.#status.textContent = message;
    this.#status.classList.add('live-error');
  }
}
