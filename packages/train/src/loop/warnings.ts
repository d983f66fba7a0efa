/** What a run warns of, each once. */
import { type Coefficients, defaultTolerance, type Method, snappedInWords } from '@dr2net/core';
import type { WarningEvent } from './events.ts';
import type { StepOutcome } from './gathered.ts';
import type { ResolvedOptions } from './options.ts';
import type { Position } from './position.ts';

export class Warnings {
  readonly #told = new Set<string>();

  constructor(private readonly position: Readonly<Position>) {}

  /** @param about tells warnings apart that are told once whatever their figures */
  *of(message: string, about = message): Generator<WarningEvent> {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    yield { type: 'warning', step: this.position.step, message };
  }

  *clipping({ clip, update }: Pick<ResolvedOptions<never>, 'clip' | 'update'>): Generator<WarningEvent> {
    if (!clip || update !== 'sink') return;
    const by = clip.by === 'previous' ? "by the previous step's global norm" : 'parameter by parameter';
    yield* this.of(`update 'sink' frees each gradient at once, so gradients are clipped ${by}.`);
  }

  /** Coefficients that are not those asked for. */
  *snapped(method: Method, coefficients: Coefficients): Generator<WarningEvent> {
    const snapped = snappedInWords(method, coefficients);
    if (snapped) yield* this.of(`${snapped} Told once; each step's event has those that were used.`, 'snapped');
  }

  /** The gradients' error is known and small beside that of a mini-batch, so a step beyond the tolerance counts. */
  *tolerance(method: Method, { gradientError = 0 }: StepOutcome): Generator<WarningEvent> {
    if (method.name !== 'reversible') return;
    const { tolerance = defaultTolerance, anchors = 'auto' } = method;
    if (gradientError <= tolerance) return;
    const next = anchors === 'auto' ? 'the next steps keep more anchors' : "anchors 'auto' would keep more";
    yield* this.of(
      `rebuilding added an estimated relative error of ${gradientError.toPrecision(2)} to the gradients, beyond the tolerance of ${tolerance}; ` +
        `the step counts, and ${next}. Told once; each step's event has its own figure.`,
      'tolerance',
    );
  }
}
