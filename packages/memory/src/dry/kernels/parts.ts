/** Work in parts, dry: `take`, `join` and sums of parts' gradients (`by-rows.ts`, `sums.ts` of `@dr2net/layers`). */
import type { DryEngine, DryTensor } from '../engine.ts';
import type { DryParameter, DrySink } from '../layer.ts';
import type { KernelFamily } from './family.ts';

/** Sizes of parts of so many rows. */
export function partsOf(rows: number, chunks: number): number[] {
  const each = Math.ceil(rows / chunks);
  return Array.from({ length: Math.ceil(rows / each) }, (_, i) => Math.min(each, rows - i * each));
}

/** Parts, which are freed, as one tensor. */
export function joined(engine: DryEngine, parts: DryTensor[]): DryTensor {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return engine.after(engine.op(size, ...parts), ...parts.splice(0));
}

/** `accumulate` of `@dr2net/ops`: in place where it can be. Takes both over. */
export function accumulated(
  engine: DryEngine,
  { products }: Pick<KernelFamily, 'products'>,
  sum: DryTensor,
  term: DryTensor,
): DryTensor {
  if (products === 'graphs' || products === 'reference') return engine.after(engine.op(sum.size, sum, term), sum, term);
  engine.ops([], sum, term);
  return engine.after(sum, term);
}

/** Adds gradients up until they are handed on. */
export class DrySums {
  readonly #sums = new Map<DryParameter, DryTensor>();

  constructor(
    private readonly engine: DryEngine,
    private readonly family: Pick<KernelFamily, 'products'>,
  ) {}

  readonly sink: DrySink = (parameter, gradient) => {
    const known = this.#sums.get(parameter);
    const sum = known ? accumulated(this.engine, this.family, known, gradient) : gradient;
    this.#sums.set(parameter, this.engine.label(sum, 'gradients'));
  };

  handOn(sink: DrySink): void {
    for (const [parameter, sum] of this.#sums) sink(parameter, sum);
    this.#sums.clear();
  }
}
