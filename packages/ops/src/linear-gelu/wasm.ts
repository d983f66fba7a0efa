/**
 * linear + GELU on wasm: one loop adds the bias and takes the GELU; in the pullback one loop turns the pre-activation
 * into its gradient, in place, and adds up the bias's.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scope, share } from '../engine.ts';
import { lookUp, normalTable, slopeTable } from '../gelu/table.ts';
import { onHost } from '../host.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, unflatten, wants } from '../linear/shared.ts';
import { product, productGradients } from '../linear/wasm.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';

const noBias = new Float32Array(0);

/** gelu(z + b) into `to`, and z + b into z. */
function activate(z: ArrayLike<number> & { [i: number]: number }, b: ArrayLike<number>, to: { [i: number]: number }) {
  const width = b.length;
  for (let i = 0, c = 0; i < z.length; i++) {
    let v = z[i]!;
    if (width > 0) {
      v = Math.fround(v + b[c]!);
      if (++c === width) c = 0;
    }
    z[i] = v;
    to[i] = v * lookUp(normalTable, v);
  }
}

/** z ← dy·gelu'(z); the sums of its columns → [out]. */
function deactivate(z: Tensor, dy: Tensor): Tensor {
  const width = z.shape[1]!;
  return onHost([z, dy], [{ shape: [width], dtype: 'float32' }], ([Z, D], [to]) => {
    const sums = new Float64Array(width);
    for (let i = 0, c = 0; i < Z!.length; i++) {
      const d = Math.fround(D![i]! * lookUp(slopeTable, Z![i]!));
      Z![i] = d;
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
    const { z, value } = scope(() => {
      const z = product(x, weight);
      const [y] = onHost(bias ? [z, bias] : [z], [{ shape: z.shape, dtype: 'float32' }], ([Z, B], [Y]) =>
        activate(Z!, B ?? noBias, Y!),
      );
      return { z, value: unflatten(y!, x) };
    });
    const kept = [hold(x), hold(weight)] as const;
    const activation = hold(z);
    z.dispose();
    const pullback: OpPullback<Names> = once(
      'linearGelu',
      [...kept, activation],
      (dy: Tensor, wanted?: Wanted<Names>) =>
        scope(() => {
          const want = wants(wanted, bias);
          const sums = deactivate(activation, dy);
          const result = productGradients(...kept, activation, want);
          if (want('bias')) return { ...result, bias: share(sums) };
          return result;
        }),
    );
    return { value, pullback };
  },
};
