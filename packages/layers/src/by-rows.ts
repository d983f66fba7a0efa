/**
 * A layer that works on its rows (tokens) a part at a time, `context.chunks` parts: what it makes on its way is of one part's size.
 * A trace keeps the input alone, and its pullback evaluates each part once more; `revisit` evaluates each part once.
 */
import {
  type Context,
  type Differentiable,
  dualResidual,
  hold,
  once,
  type ResidualTerms,
  type Sink,
} from '@dr2net/ops';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { join, partsOf, take, widthOf } from './parts.ts';
import { Sums } from './sums.ts';

const partsOfRows = (x: Tensor, { chunks }: Context) => partsOf(x.size / widthOf(x), chunks);

function applyParts(inner: Differentiable, x: Tensor, context: Context): Tensor {
  const made: Tensor[] = [];
  try {
    for (const part of partsOfRows(x, context)) {
      const rows = take(x, part);
      try {
        made.push(inner.apply(rows, context));
      } finally {
        rows.dispose();
      }
    }
    return join(made, x);
  } finally {
    dispose(made);
  }
}

/** Each part forward and back, before the next one. Values are collected in `values` where it is given. */
function pullParts(inner: Differentiable, x: Tensor, dy: Tensor, context: Context, sink: Sink, values?: Tensor[]) {
  const gradients: Tensor[] = [];
  try {
    for (const part of partsOfRows(x, context)) {
      const [rows, dyRows] = [take(x, part), take(dy, part)];
      try {
        const { value, pullback } = inner.trace(rows, context);
        // The pullback holds what it needs of them.
        rows.dispose();
        if (values) values.push(value);
        else value.dispose();
        gradients.push(pullback(dyRows, sink));
      } finally {
        dispose([rows, dyRows]);
      }
    }
    return join(gradients, x);
  } finally {
    dispose(gradients);
  }
}

/** The gradients, each parameter's whole, and the value where `values` is given. */
function pull(inner: Differentiable, x: Tensor, dy: Tensor, context: Context, sink: Sink, values?: Tensor[]): Tensor {
  const sums = new Sums(sink);
  let gradient: Tensor | undefined;
  try {
    gradient = pullParts(inner, x, dy, context, sums.sink, values);
    sums.handOn();
    return gradient;
  } catch (error) {
    gradient?.dispose();
    sums.dispose();
    throw error;
  }
}

/**
 * `inner` in `context.chunks` parts; with 1 it is `inner` itself. It takes [rows, width] to [rows, width'], each row by itself, and has no
 * random masks.
 *
 * @param what named in the error when its pullback is called twice
 */
export function byRows(what: string, inner: Differentiable): Differentiable {
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
      return {
        value,
        pullback: once(what, [kept], (dy: Tensor, sink: Sink) => pull(inner, kept, dy, context, sink)),
      };
    },
    revisit(x, dy, context, sink) {
      const values: Tensor[] = [];
      try {
        const gradient = pull(inner, x, dy, context, sink, values);
        return { value: join(values, x), gradient };
      } finally {
        dispose(values);
      }
    },
  };
}
