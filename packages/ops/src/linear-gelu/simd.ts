/** linear + GELU by our SIMD kernels on wasm; what is kept of the activation is its slope, in the product's place. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import type { LinearKernel } from '../linear/index.ts';
import { type Names, unflatten, wants } from '../linear/shared.ts';
import { affine, affineGradients } from '../linear/simd.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';

export const simd: LinearKernel = {
  apply: (x, weight, bias) =>
    scope(() => {
      const z = affine(x, weight, bias);
      onHeap(layers, [z], [], ({ kernels }, [Z]) => kernels.activate(Z!, z.size, Z!));
      return unflatten(z, x);
    }),

  trace(x, weight, bias) {
    const { slope, value } = scope(() => {
      const z = affine(x, weight, bias);
      const [y] = onHeap(layers, [z], [float(...z.shape)], ({ kernels }, [Z], [Y]) =>
        kernels.activateWithSlope(Z!, z.size, Y!, Z!),
      );
      return { slope: z, value: unflatten(y!, x) };
    });
    const kept = [hold(x), hold(weight), after(hold(slope), slope)] as const;
    const pullback: OpPullback<Names> = once('linearGelu', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      scope(() => {
        const dz = kept[2];
        onHeap(layers, [dz, dy], [], ({ kernels }, [S, D]) => kernels.multiply(S!, D!, dz.size, S!));
        return affineGradients(kept[0], kept[1], dz, wants(wanted, bias));
      }),
    );
    return { value, pullback };
  },
};
