/** Batch normalisation by the batch's statistics, of rows in parts, dry (`batch-norm` of `@dr2net/ops`, `BatchNorm` of `@dr2net/layers`). */
import { type DryEngine, type DryParameter, type DryTensor, sumOfRows } from '@dr2net/memory';
import { concatenated } from './operations.ts';
import type { Operations } from './place.ts';

export interface BatchNormParameters {
  readonly gain: DryParameter;
  readonly bias: DryParameter;
  readonly mean: DryParameter;
  readonly variance: DryParameter;
}

/** One number a channel each. */
export interface DryStatistics {
  readonly mean: DryTensor;
  readonly variance: DryTensor;
}

/** Gradients of gain and bias. */
export interface DryBatchSums {
  readonly gain: DryTensor;
  readonly bias: DryTensor;
}

/** A few operations one after the other, each freed when its scope ends. */
class Scope {
  readonly #made: DryTensor[] = [];

  constructor(private readonly engine: DryEngine) {}

  op(size: number, ...inputs: DryTensor[]): DryTensor {
    const made = this.engine.op(size, ...inputs);
    this.#made.push(made);
    return made;
  }

  end<T>(result: T): T {
    this.engine.free(...this.#made.splice(0));
    return result;
  }
}

export class DryBatchNorm {
  readonly width: number;
  /** The running statistics from before the last step that changed them: a loop holds them until the step has ended. */
  #before: DryTensor[] = [];

  constructor(
    private readonly at: Operations,
    readonly parameters: BatchNormParameters,
  ) {
    this.width = parameters.gain.size;
  }

  /** (x − mean)·factor */
  #centred(x: DryTensor, mean: DryTensor, factor: DryTensor): DryTensor {
    const { engine } = this.at;
    const difference = engine.op(x.size, x, mean);
    return engine.after(engine.op(x.size, difference, factor), difference);
  }

  /** 1/√(variance + ε) */
  #inverse(scope: Scope, { variance }: DryStatistics): DryTensor {
    return scope.op(this.width, scope.op(this.width, variance));
  }

  normalise(x: DryTensor, statistics: DryStatistics): DryTensor {
    const { engine } = this.at;
    const { gain, bias } = this.parameters;
    const scope = new Scope(engine);
    const factor = scope.op(this.width, gain.tensor, this.#inverse(scope, statistics));
    const scaled = this.#centred(x, statistics.mean, factor);
    return scope.end(engine.after(engine.op(x.size, scaled, bias.tensor), scaled));
  }

  statisticsOf(x: DryTensor): DryStatistics {
    const { engine, family } = this.at;
    const mean = sumOfRows(engine, family, x, this.width);
    const difference = engine.op(x.size, x, mean);
    const squares = engine.after(engine.op(x.size, difference), difference);
    return { mean, variance: engine.after(sumOfRows(engine, family, squares, this.width), squares) };
  }

  /** Of all parts, which are taken over; they go into the running ones. */
  settle(parts: readonly DryStatistics[]): DryStatistics {
    const { engine, family } = this.at;
    const scope = new Scope(engine);
    const weighted = (values: readonly DryTensor[]) => {
      const stacked = concatenated(
        this.at,
        values.map((value) => scope.op(this.width, value)),
      );
      return engine.after(sumOfRows(engine, family, stacked, this.width), stacked);
    };
    const mean = weighted(parts.map((part) => part.mean));
    const squared = (part: DryStatistics) => scope.op(this.width, scope.op(this.width, part.mean, mean));
    const variance = weighted(parts.map((part) => scope.op(this.width, part.variance, squared(part))));
    scope.end(undefined);
    engine.free(...this.#before.splice(0));
    this.#blend(this.parameters.mean, mean);
    this.#blend(this.parameters.variance, variance);
    for (const part of parts) engine.free(part.mean, part.variance);
    return { mean, variance };
  }

  #blend(parameter: DryParameter, seen: DryTensor): void {
    const { engine } = this.at;
    const [own, other] = [engine.op(this.width, parameter.tensor), engine.op(this.width, seen)];
    const next = engine.after(engine.op(this.width, own, other), own, other);
    this.#before.push(parameter.tensor);
    parameter.tensor = engine.label(next, 'parameters');
  }

  sums(x: DryTensor, dy: DryTensor, statistics: DryStatistics): DryBatchSums {
    const { engine, family } = this.at;
    const scope = new Scope(engine);
    const difference = engine.op(x.size, x, statistics.mean);
    const products = engine.after(engine.op(x.size, difference, dy), difference);
    const along = engine.after(sumOfRows(engine, family, products, this.width), products);
    const gain = engine.op(this.width, along, this.#inverse(scope, statistics));
    return scope.end({ gain, bias: engine.after(sumOfRows(engine, family, dy, this.width), along) });
  }

  /** ∂L/∂x of some rows. */
  gradient(x: DryTensor, dy: DryTensor, statistics: DryStatistics, sums: DryBatchSums): DryTensor {
    const { engine } = this.at;
    const scope = new Scope(engine);
    const vector = (...inputs: DryTensor[]) => scope.op(this.width, ...inputs);
    const inverse = this.#inverse(scope, statistics);
    const along = this.#centred(x, statistics.mean, vector(vector(sums.gain), inverse));
    const shared = engine.after(engine.op(x.size, along, vector(sums.bias)), along);
    const rest = engine.after(engine.op(x.size, dy, shared), shared);
    const factor = vector(this.parameters.gain.tensor, inverse);
    return scope.end(engine.after(engine.op(x.size, rest, factor), rest));
  }
}
