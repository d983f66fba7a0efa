/** Window attention by our SIMD kernels on wasm: those of attention, which begin the scores with the bias and add the mask. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { attentionQueries, type Geometry, geometry } from '../attention/geometry.ts';
import { after } from '../engine.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';
import type { WindowAttentionOptions } from './index.ts';
import { keepingInputs } from './keeping-inputs.ts';

/** Of the scores: the tensors that are added to them, and how many windows the mask is for. */
function termsOf(bias: Tensor, { mask }: WindowAttentionOptions) {
  return { terms: mask ? [bias, mask] : [bias], windows: mask?.shape[0] ?? 1 };
}

const sizesOf = ({ batch, tokens, heads, width, scale }: Geometry) => [batch, tokens, heads, width, scale] as const;

function apply(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions): Tensor {
  const g = geometry(qkv, options);
  const { terms, windows } = termsOf(bias, options);
  const together = attentionQueries(g.tokens);
  const outputs = [float(g.batch, g.tokens, g.heads * g.width), float(together, g.tokens)];
  const [result, scores] = onHeap(
    layers,
    [qkv, ...terms],
    outputs,
    ({ kernels, scratch }, [from, start, mask = 0], [to, between]) =>
      kernels.attention(from!, ...sizesOf(g), together, between!, to!, scratch, start!, mask, windows),
  );
  return after(result!, scores!);
}

function gradients(qkv: Tensor, bias: Tensor, options: WindowAttentionOptions, dy: Tensor, wantsBias: boolean) {
  const g = geometry(qkv, options);
  const { terms, windows } = termsOf(bias, options);
  const together = attentionQueries(g.tokens);
  const outputs = [float(...qkv.shape), float(2, together, g.tokens), ...(wantsBias ? [float(...bias.shape)] : [])];
  const [result, scores, dBias] = onHeap(
    layers,
    [qkv, dy, ...terms],
    outputs,
    ({ kernels, scratch }, [from, d, start, mask = 0], [to, between, toBias = 0]) =>
      kernels.attentionGradient(
        ...[from!, d!, ...sizesOf(g)],
        ...[together, between!, to!, scratch],
        ...[start!, mask, windows, toBias],
      ),
  ) as [Tensor, Tensor, Tensor?];
  return after({ qkv: result, ...(dBias && { bias: dBias }) }, scores);
}

export const simd = keepingInputs(apply, gradients);
