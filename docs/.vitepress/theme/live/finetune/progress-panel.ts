/** What training tells while it goes: a line, loss and accuracy drawn, memory beside what ordinary finetuning would need. */
import { formatBytes, formatDuration } from '@dr2net/memory';
import type { Plan, Told } from '../../../../workers/finetune/protocol.ts';
import type { Series } from '../../../../workers/protocol.ts';
import { make } from '../dom.ts';
import { Outputs } from '../outputs.ts';

type Step = Extract<Told, { type: 'step' }>;
type Evaluation = Extract<Told, { type: 'evaluation' }>;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export class ProgressPanel {
  readonly #line = make('p', { class: 'live-progress' });
  /** What is read aloud: not every step, but every evaluation and the end. */
  readonly #said = make('p', { class: 'visually-hidden', role: 'status' });
  readonly #bar = make('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Training' });
  readonly #charts = new Outputs();
  readonly element = make('div', {}, this.#line, this.#said, this.#bar, this.#charts.element);
  #loss: [number, number][] = [];
  #accuracy: [number, number][] = [];
  #held: [number, number][] = [];
  #plan: Plan | undefined;
  #drawn = 0;

  begin(): void {
    [this.#loss, this.#accuracy, this.#held] = [[], [], []];
    this.#drawn = 0;
    this.#bar.hidden = false;
  }

  plan(plan: Plan, method: string): void {
    this.#plan = plan;
    this.#charts.begin();
    const rows = plan.rows.map((row) => [
      row.method === method ? `${row.method} (chosen)` : row.method,
      formatBytes(row.activationBytes),
      formatBytes(row.peakBytes),
      plan.limitBytes === undefined || row.peakBytes <= plan.limitBytes ? 'yes' : 'no',
    ]);
    this.#charts.add({
      table: { title: 'Memory of a step, predicted', columns: ['method', 'activations', 'in all', 'fits'], rows },
    });
    void this.#charts.end();
  }

  step(step: Step, method: string): void {
    const { loss, accuracy, total, epoch, activationBytes, secondsLeft, samplesPerSecond } = step;
    this.#loss.push([step.step, loss]);
    if (accuracy !== undefined) this.#accuracy.push([step.step, accuracy]);
    const ordinary = this.#plan?.rows.find((row) => row.method === 'conventional')?.activationBytes;
    const beside = ordinary === undefined ? '' : ` (ordinary finetuning: ${formatBytes(ordinary)})`;
    this.#line.textContent = [
      `step ${step.step}/${total}`,
      `epoch ${epoch}`,
      `loss ${loss.toFixed(3)}`,
      ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
      `${method}: activations ${formatBytes(activationBytes)}${beside}`,
      `${samplesPerSecond.toFixed(1)} clips/s`,
      `${formatDuration(secondsLeft)} left`,
    ].join(' · ');
    this.#bar.value = step.step / total;
    // Drawing takes the page's time, not the worker's; twice a second is enough.
    if (performance.now() - this.#drawn > 500) this.#draw();
  }

  evaluation({ step, top1 }: Evaluation): void {
    this.#held.push([step, top1]);
    this.#said.textContent = `After step ${step}: accuracy on held-back clips ${percent(top1)}.`;
    this.#draw();
  }

  end(text: string): void {
    this.#line.textContent = text;
    this.#said.textContent = text;
    this.#bar.hidden = true;
    this.#draw();
  }

  /** The accuracy on clips that were not trained on, if it was measured. */
  get accuracy(): number | undefined {
    return this.#held.at(-1)?.[1];
  }

  #draw(): void {
    this.#drawn = performance.now();
    if (this.#loss.length === 0) return;
    const chart = (title: string, y: string, series: Series[]) => ({ chart: { title, x: 'step', y, series } });
    this.#charts.add(chart('Loss', 'cross-entropy', [{ name: 'training', points: this.#loss }]));
    this.#charts.add(
      chart('Accuracy', 'share', [
        { name: 'training batches', points: this.#accuracy },
        { name: 'clips not trained on', points: this.#held },
      ]),
    );
  }
}
