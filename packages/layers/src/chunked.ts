/**
 * A layer that works on its rows (tokens) a part at a time: what it makes on its way is of one part's size. The trace keeps the
 * input alone and the pullback evaluates each part once more, as `checkpoint` does for a whole sub-block.
 */
import {
  type Context,
  type Differentiable,
  dualResidual,
  hold,
  once,
  type Parameter,
  type ResidualTerms,
  type Sink,
} from '@dr2net/ops';
import { add, concat, dispose, reshape, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';

interface Rows {
  readonly from: number;
  readonly count: number;
}

/** [..., width] in parts of about the same number of rows. */
function partsOf(x: Tensor, chunks: number): { parts: Rows[]; width: number } {
  const width = x.shape.at(-1) ?? 1;
  const rows = x.size / width;
  const each = Math.ceil(rows / chunks);
  const parts: Rows[] = [];
  for (let from = 0; from < rows; from += each) parts.push({ from, count: Math.min(each, rows - from) });
  return { parts, width };
}

/** Some rows of x [..., width] → [count, width], a copy. */
function take(x: Tensor, { from, count }: Rows, width: number): Tensor {
  return tidy(() => slice(reshape(x, [-1, width]), [from, 0], [count, width]));
}

/** `body` of every part, one after the other, and the results as one tensor of x's leading shape. */
function overParts(x: Tensor, chunks: number, body: (part: Rows, width: number) => Tensor): Tensor {
  const { parts, width } = partsOf(x, chunks);
  const made: Tensor[] = [];
  try {
    for (const part of parts) made.push(body(part, width));
    return tidy(() => {
      const all = concat(made, 0);
      return reshape(all, [...x.shape.slice(0, -1), all.shape[1]!]);
    });
  } finally {
    dispose(made);
  }
}

/** Adds gradients up until they are handed on, each parameter's once. */
class Sums {
  readonly #sums = new Map<Parameter, Tensor>();

  readonly sink: Sink = (parameter, gradient) => {
    const known = this.#sums.get(parameter);
    this.#sums.set(parameter, known ? add(known, gradient) : gradient);
    if (known) dispose([known, gradient]);
  };

  handOn(sink: Sink): void {
    for (const [parameter, sum] of this.#sums) {
      this.#sums.delete(parameter);
      sink(parameter, sum);
    }
  }

  dispose(): void {
    dispose([...this.#sums.values()]);
    this.#sums.clear();
  }
}

function applyParts(inner: Differentiable, x: Tensor, context: Context): Tensor {
  return overParts(x, context.chunks, (part, width) => {
    const rows = take(x, part, width);
    try {
      return inner.apply(rows, context);
    } finally {
      rows.dispose();
    }
  });
}

/** Each part's trace and pullback, one after the other. */
function pullParts(inner: Differentiable, x: Tensor, dy: Tensor, context: Context, sink: Sink): Tensor {
  const outer = dy.shape.at(-1) ?? 1;
  return overParts(x, context.chunks, (part, width) => {
    const [rows, dyRows] = [take(x, part, width), take(dy, part, outer)];
    try {
      const { value, pullback } = inner.trace(rows, context);
      // The pullback holds what it needs of them.
      dispose([value, rows]);
      return pullback(dyRows, sink);
    } finally {
      dispose([rows, dyRows]);
    }
  });
}

/**
 * `inner` in `context.chunks` parts; with 1 it is `inner` itself. It takes [rows, width] to [rows, width'], each row by itself, and has no
 * random masks.
 *
 * @param what named in the error when its pullback is called twice
 */
export function chunked(what: string, inner: Differentiable): Differentiable {
  return {
    parameters: inner.parameters,
    ...(inner.applyWithResidual && {
      applyWithResidual(x: Tensor, context: Context, terms: ResidualTerms) {
        if (context.chunks === 1) return inner.applyWithResidual!(x, context, terms);
        const f = applyParts(inner, x, context);
        try {
          return dualResidual.update(f, terms.x, terms.previous, terms);
        } finally {
          f.dispose();
        }
      },
    }),
    apply: (x, context) => (context.chunks === 1 ? inner.apply(x, context) : applyParts(inner, x, context)),
    trace(x, context) {
      if (context.chunks === 1) return inner.trace(x, context);
      const value = applyParts(inner, x, context);
      const kept = hold(x);
      const pullback = once(what, [kept], (dy: Tensor, sink: Sink) => {
        const sums = new Sums();
        let dx: Tensor | undefined;
        try {
          dx = pullParts(inner, kept, dy, context, sums.sink);
          sums.handOn(sink);
          return dx;
        } catch (error) {
          dx?.dispose();
          sums.dispose();
          throw error;
        }
      });
      return { value, pullback };
    },
  };
}
