/** Layer normalisation as loops over the values (wasm heap, cpu): two passes a row, sums in float64, no temporaries. */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
import { hold } from '../engine.ts';
import { onHost } from '../host.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import type { LayerNormKernel } from './index.ts';

type Names = 'x' | 'gain' | 'bias';

/** The value and, of each row, the mean and r = 1/√(var + ε), [rows, 2]. */
function forward(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number) {
  const width = gain.size;
  const outputs = [
    { shape: x.shape, dtype: 'float32' },
    { shape: [x.size / width, 2], dtype: 'float32' },
  ] as const;
  const [value, statistics] = onHost([x, gain, bias], outputs, ([X, G, B], [Y, S]) => {
    for (let from = 0, row = 0; from < X!.length; from += width, row++) {
      const to = from + width;
      let sum = 0;
      for (let i = from; i < to; i++) sum += X![i]!;
      const mean = Math.fround(sum / width);
      let squares = 0;
      for (let i = from; i < to; i++) {
        const centred = X![i]! - mean;
        squares += centred * centred;
      }
      const r = Math.fround(1 / Math.sqrt(squares / width + epsilon));
      for (let i = from, c = 0; i < to; i++, c++) Y![i] = (X![i]! - mean) * r * G![c]! + B![c]!;
      S![2 * row] = mean;
      S![2 * row + 1] = r;
    }
  });
  return { value: value!, statistics: statistics! };
}

/** Adds up dgain and dbias, and fills dX where it is given. */
function backward(X: TypedArray, G: TypedArray, S: TypedArray, D: TypedArray, dX: TypedArray | undefined) {
  const width = G.length;
  const dGain = new Float64Array(width);
  const dBias = new Float64Array(width);
  for (let from = 0, row = 0; from < X.length; from += width, row++) {
    const [mean, r] = [S[2 * row]!, S[2 * row + 1]!];
    let [sum, along] = [0, 0];
    for (let c = 0, i = from; c < width; c++, i++) {
      const d = D[i]!;
      const dHat = d * ((X[i]! - mean) * r);
      dGain[c]! += dHat;
      dBias[c]! += d;
      sum += d * G[c]!;
      along += dHat * G[c]!;
    }
    if (!dX) continue;
    sum /= width;
    along /= width;
    for (let c = 0, i = from; c < width; c++, i++) dX[i] = r * (D[i]! * G[c]! - sum - (X[i]! - mean) * r * along);
  }
  return { dGain, dBias };
}

function gradients(x: Tensor, gain: Tensor, statistics: Tensor, dy: Tensor, wanted?: Wanted<Names>) {
  const shapes: Record<Names, number[]> = { gain: gain.shape, bias: gain.shape, x: x.shape };
  const names = (Object.keys(shapes) as Names[]).filter((name) => wanted?.[name] ?? wanted === undefined);
  const made = onHost(
    [x, gain, statistics, dy],
    names.map((name) => ({ shape: shapes[name], dtype: 'float32' })),
    ([X, G, S, D], outputs) => {
      const target = (name: Names) => outputs[names.indexOf(name)];
      const { dGain, dBias } = backward(X!, G!, S!, D!, target('x'));
      target('gain')?.set(dGain);
      target('bias')?.set(dBias);
    },
  );
  return Object.fromEntries(names.map((name, i) => [name, made[i]!])) as Partial<Record<Names, Tensor>>;
}

export const host: LayerNormKernel = {
  apply(x, gain, bias, epsilon) {
    const { value, statistics } = forward(x, gain, bias, epsilon);
    statistics.dispose();
    return value;
  },
  trace(x, gain, bias, epsilon) {
    const { value, statistics } = forward(x, gain, bias, epsilon);
    const kept = [hold(x), hold(gain), hold(statistics)] as const;
    statistics.dispose();
    const pullback: OpPullback<Names> = once('layerNorm', kept, (dy: Tensor, wanted?: Wanted<Names>) =>
      gradients(...kept, dy, wanted),
    );
    return { value, pullback };
  },
};
