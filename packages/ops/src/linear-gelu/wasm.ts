/**
 * linear + GELU on wasm: one loop adds the bias and takes the GELU; a trace has it leave the
 * slope in the product's place, and the pullback turns that into the pre-activation's gradient, in place.
 */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { lookUp, normalTable, slopeTable } from '../gelu/table.ts';
import { onHost } from '../host.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, unflatten, wants } from '../linear/shared.ts';
import { product, productGradients } from '../linear/wasm.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

const noBias = new Float32Array(0);

/** gelu(z + b) into `to`; where `slopes` is given, the slope there. Either may be z itself. */
function activate(z: TypedArray, b: TypedArray, to: TypedArray, slopes?: TypedArray) {
  const width = b.length;
  for (let i = 0, c = 0; i < z.length; i++) {
    let v = z[i]!;
    if (width > 0) {
      v = Math.fround(v + b[c]!);
      if (++c === width) c = 0;
    }
    to[i] = v * lookUp(normalTable, v);
    if (slopes) slopes[i] = lookUp(slopeTable, v);
  }
}

/** slope ← dy·slope; the sums of its columns → [out]. */
function deactivate(slope: Tensor, dy: Tensor): Tensor {
  const width = slope.shape[1]!;
  return onHost([slope, dy], [{ shape: [width], dtype: 'float32' }], ([S, D], [to]) => {
    const sums = new Float64Array(width);
    for (let i = 0, c = 0; i < S!.length; i++) {
      const d = Math.fround(D![i]! * S![i]!);
      S![i] = d;
      sums[c]! += d;
      if (++c === width) c = 0;
    }
    to!.set(sums);
  })[0]!;
}

export const wasm: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const z = product(x, weight);
      onHost(bias ? [z, bias] : [z], [], ([Z, B]) => activate(Z!, B ?? noBias, Z!));
      return unflatten(z, x);
    }),

  trace(x, weight, bias) {
    const { slope, value } = scope(() => {
      const z = product(x, weight);
      const [y] = onHost(bias ? [z, bias] : [z], [{ shape: z.shape, dtype: 'float32' }], ([Z, B], [Y]) =>
        activate(Z!, B ?? noBias, Y!, Z!),
      );
      return { slope: z, value: unflatten(y!, x) };
    });
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => {
        const want = wants(wanted, bias);
        const sums = deactivate(kept[2], dy);
        const result = productGradients(kept[0], kept[1], kept[2], want);
        return want('bias') ? { ...result, bias: sums } : after(result, sums);
      }),
    );
    return { value, pullback };
  },
};
