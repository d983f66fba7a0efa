/** Which settings are tried: as few as tell which is the fastest that fits. */
import { BudgetError, formatBytes, MemoryLimitError, type MemoryReport, type Weighed } from '@dr2net/memory';
import type { TooLarge, Trial } from '@dr2net/train';
import { atATime } from './budget.ts';
import { type Choice, choiceTitle, type Shape } from './candidates.ts';
import type { TrialRun, Trials } from './trials.ts';

export interface Measured extends Weighed<Choice> {
  readonly memory: MemoryReport;
}

/** Kinds of device memory that hold tensors and little besides; a process's holds whatever the program has. */
const tensorsOnly = new Set(['webgpu buffers', 'tensorflow allocator', 'wasm heap']);

/**
 * The device's bytes, or the logical ones where some of them are kept elsewhere. A heap that never shrinks and did not grow tells only that
 * the trial fitted: its size counts where that is within the budget, else it is of a trial that was stopped.
 */
function needOf({ memory: { peakBytes, device }, grew }: Trial, budget: number): number {
  const counts = device && tensorsOnly.has(device.kind) && (grew || device.peakBytes <= budget);
  return Math.max(peakBytes, counts ? device.peakBytes : 0);
}

const reasonInWords = (reason: Error) =>
  reason instanceof MemoryLimitError ? `more than ${formatBytes(reason.limit)}` : `does not fit (${reason.message})`;

export class TrialSearch {
  readonly #tried = new Map<string, Measured | undefined>();
  #lastReason: Error | undefined;

  constructor(
    private readonly trials: Trials,
    private readonly run: TrialRun,
    private readonly bytes: number,
  ) {}

  get measured(): Measured[] {
    return [...this.#tried.values()].filter((one) => one !== undefined);
  }

  /**
   * Tries a setting once, and says in words what came of it. A trial is stopped where more is alive than the budget allows, or than the leanest
   * setting needs so far where not even that fits: so the first has no limit.
   */
  async *try(method: Choice['method'], shape: Shape): AsyncGenerator<string, Measured | undefined> {
    const choice: Choice = { method, ...shape };
    const title = choiceTitle(choice);
    const key = `${title}, ${atATime(shape.batch, this.trials.words)}`;
    if (this.#tried.has(key)) return this.#tried.get(key);
    const outcome = await this.#step(choice, this.#limit());
    if (!outcome.fits) {
      this.#lastReason = outcome.reason;
      this.#tried.set(key, undefined);
      yield `memory trial: ${key}: ${reasonInWords(outcome.reason)}`;
      return undefined;
    }
    const { memory, seconds } = outcome;
    const needBytes = needOf(outcome, this.bytes);
    const measured = { choice, title, batch: shape.batch, needBytes, relativeTime: seconds, memory };
    this.#tried.set(key, measured);
    yield `memory trial: ${key}: ${formatBytes(needBytes)}, ${seconds.toPrecision(2)} s a step`;
    return measured;
  }

  /** The first of the shapes, given from fast to lean, that fits; the last one is tried first, for what may be expected of the others. */
  async *fastest(method: Choice['method'], shapes: readonly Shape[]): AsyncGenerator<string, Measured | undefined> {
    const leanest = yield* this.try(method, shapes.at(-1)!);
    for (const shape of shapes.slice(0, -1)) {
      if (!this.mayFit(shape, leanest)) continue;
      const found = yield* this.try(method, shape);
      if (found && this.fits(found)) return found;
    }
    return leanest && this.fits(leanest) ? leanest : undefined;
  }

  fits({ needBytes }: Measured): boolean {
    return needBytes <= this.bytes;
  }

  /**
   * Whether a shape may fit by what another one of the same method needs: activations grow with the batch, and what the sink saves is the
   * gradients. A guess that only spares trials.
   */
  mayFit({ batch, update }: Shape, other: Measured | undefined): boolean {
    if (!other) return update === 'sink';
    const { activationPeakBytes, categoriesAtPeak } = other.memory;
    const more = (activationPeakBytes / other.batch) * (batch - other.batch);
    const saved = update === 'sink' ? (categoriesAtPeak.gradients ?? 0) : 0;
    return other.needBytes + more - saved <= this.bytes;
  }

  /** Why there is no plan, where nothing could be measured at all. */
  nothing(): BudgetError {
    return new BudgetError(
      `Nothing fits ${formatBytes(this.bytes)}: the device has too little memory for every setting that was tried (${[...this.#tried.keys()].join('; ')}; the last: ${this.#lastReason?.message}). ` +
        `Take ${this.trials.words.less}, fewer blocks or a smaller model.`,
      { cause: this.#lastReason },
    );
  }

  #limit(): number {
    if (this.#tried.size === 0) return Number.POSITIVE_INFINITY;
    const needs = this.measured.map(({ needBytes }) => needBytes);
    return Math.max(this.bytes, needs.length > 0 ? Math.min(...needs) : 0);
  }

  #step({ method, batch, accumulate, update, chunks }: Choice, limit: number): Promise<Trial | TooLarge> {
    const { coefficients, optimizer, ema, seed, signal, backend, clip } = this.run;
    const settled = clip?.(update);
    return this.trials.try(batch, {
      ...{ method, coefficients, accumulate, update, chunks, limit },
      ...(optimizer && { optimizer }),
      ...(ema !== undefined && { ema }),
      ...(seed !== undefined && { seed }),
      ...(signal && { signal }),
      ...(backend && { backend }),
      ...(settled !== undefined && { clip: settled }),
    });
  }
}
