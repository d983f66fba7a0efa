/**
 * Attention by our SIMD kernels on wasm: one call for all heads, a block of queries at a time, operands and results where the
 * projections have them.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after } from '../engine.ts';
import { layers } from '../simd/layers.ts';
import { float, onHeap } from '../simd/run.ts';
import { attentionQueries, type Geometry } from './geometry.ts';
import { keepingQkv } from './keeping-qkv.ts';

function apply(qkv: Tensor, { batch, tokens, heads, width, scale }: Geometry): Tensor {
  const together = attentionQueries(tokens);
  const outputs = [float(batch, tokens, heads * width), float(together, tokens)];
  const [result, scores] = onHeap(layers, [qkv], outputs, ({ kernels, scratch }, [from], [to, between]) =>
    kernels.attention(from!, batch, tokens, heads, width, scale, together, between!, to!, scratch, 0, 0, 1),
  );
  return after(result!, scores!);
}

function gradient(qkv: Tensor, { batch, tokens, heads, width, scale }: Geometry, dy: Tensor): Tensor {
  const together = attentionQueries(tokens);
  const outputs = [float(...qkv.shape), float(2, together, tokens)];
  const [result, scores] = onHeap(layers, [qkv, dy], outputs, ({ kernels, scratch }, [from, d], [to, between]) =>
    kernels.attentionGradient(
      from!,
      d!,
      batch,
      tokens,
      heads,
      width,
      scale,
      together,
      between!,
      to!,
      scratch,
      0,
      0,
      1,
      0,
    ),
  );
  return after(result!, scores!);
}

export const simd = keepingQkv(apply, gradient);
