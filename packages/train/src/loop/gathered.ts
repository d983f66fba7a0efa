/** What a step gathers over its batches, and its event's figures. */
import type { Coefficients, RunReport } from '@dr2net/core';
import type { StepEvent } from './events.ts';
import type { StepPlan } from './plan.ts';

/** A step's part of its {@link StepEvent}; the loop adds times. */
export type StepOutcome = Omit<StepEvent, 'type' | 'total' | 'epoch' | 'seconds' | 'samplesPerSecond' | 'secondsLeft'>;

type Checks = Awaited<ReturnType<RunReport['check']>>;

/** The larger of two figures that may be absent. */
function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

export class Gathered {
  readonly ids: string[] = [];
  /** Begun; those that are done are in the sums. */
  batches = 0;
  outputChange: number | undefined;
  #samples = 0;
  #lossSum = 0;
  #correct = 0;
  #counted = 0;
  #anchors: number | undefined;
  #anchorError: number | undefined;
  #gradientError: number | undefined;
  #identical: boolean | undefined;

  /** @param step 0-based */
  constructor(
    public plan: StepPlan,
    readonly step: number,
  ) {}

  /** Mean over the samples so far. */
  get loss(): number {
    return this.#lossSum / this.#samples;
  }

  /** @param hits labels that have the largest logit, of those that count; absent where there are none */
  add(samples: number, loss: number, hits?: { readonly correct: number; readonly counted: number }): void {
    this.#samples += samples;
    this.#lossSum += loss * samples;
    this.#correct += hits?.correct ?? 0;
    this.#counted += hits?.counted ?? 0;
  }

  /** A batch's reports of the model's runs, and what their checks found. */
  measured(reports: readonly RunReport[], checks: readonly Checks[]): void {
    for (const { identical, worstAnchorError, gradientError } of checks) {
      if (identical !== undefined) this.#identical = identical && this.#identical !== false;
      this.#anchorError = larger(this.#anchorError, worstAnchorError);
      this.#gradientError = larger(this.#gradientError, gradientError);
    }
    const counts = reports.flatMap(({ anchors }) => (anchors === undefined ? [] : [anchors]));
    if (counts.length > 0)
      this.#anchors = larger(
        this.#anchors,
        counts.reduce((sum, count) => sum + count),
      );
  }

  /** @param coefficients that were used */
  outcome({ alpha, beta }: Coefficients): Omit<StepOutcome, 'memory' | 'gradientNorm'> {
    const figures = {
      accuracy: this.#counted === 0 ? undefined : this.#correct / this.#counted,
      anchors: this.#anchors,
      anchorError: this.#anchorError,
      gradientError: this.#gradientError,
      outputChange: this.outputChange,
      identical: this.#identical,
    };
    return {
      step: this.step + 1,
      loss: this.loss,
      alpha,
      beta,
      method: this.plan.method.name,
      learningRate: this.plan.learningRate,
      ...present(figures),
      samples: this.#samples,
    };
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The entries that have a value. */
function present<T extends object>(entries: T): Present<T> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Present<T>;
}
