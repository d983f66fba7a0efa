/** Attention over all tokens and inside windows: Q·Kᵀ, softmax, V, all heads at once. */
import { ExportError } from '../errors.ts';
import { isNumber, sameDim } from '../graph/dim.ts';
import type { Recorded } from '../graph/recorded.ts';
import type { Emitter } from '../onnx/emitter.ts';
import { type Emitted, rule } from './rule.ts';

interface Heads {
  readonly heads: number;
  readonly scale: number;
}

const infer = ({ qkv }: Readonly<Record<string, Recorded>>) => {
  const [batch, tokens, packed] = qkv!.shape as [number, number, number];
  return { shape: [batch, tokens, packed / 3], dtype: qkv!.dtype };
};

/** @param biased takes the scores [B, heads, N, N] and gives them with what is added to them */
function attention({ inputs, names, attributes }: Emitted<Heads>, to: Emitter, biased = (scores: string) => scores) {
  const { heads, scale } = attributes;
  const packed = inputs.qkv!.shape[2]!;
  if (!isNumber(packed)) throw new ExportError('An attention whose width depends on the batch cannot be exported.');
  const width = packed / 3;
  const parts = to.addAll('Split', [names.qkv!, to.ints([width, width, width])], 3, { axis: 2 });
  const apart = parts.map((part, i) => {
    // Reshape's 0 is the size that stands there.
    const four = to.add('Reshape', [part, to.ints([0, 0, heads, width / heads])]);
    return to.add('Transpose', [four], { perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  });
  const scores = to.add('Mul', [to.add('MatMul', [apart[0]!, apart[1]!]), to.scalar(scale)]);
  const probabilities = to.add('Softmax', [biased(scores)], { axis: -1 });
  const outputs = to.add('Transpose', [to.add('MatMul', [probabilities, apart[2]!])], { perm: [0, 2, 1, 3] });
  return to.add('Reshape', [outputs, to.ints([0, 0, width])]);
}

export const attentions = [
  rule<Heads>({ kernel: 'Dr2netAttention', infer, emit: (emitted, to) => attention(emitted, to) }),
  rule<Heads>({
    kernel: 'Dr2netWindowAttention',
    infer,
    emit: (emitted, to) =>
      attention(emitted, to, (scores) => {
        const { inputs, names } = emitted;
        const placed = to.add('Add', [scores, names.bias!]);
        if (!names.mask) return placed;
        if (!sameDim(inputs.mask!.shape[0]!, inputs.qkv!.shape[0]!))
          throw new ExportError('A mask of fewer windows than there are cannot be exported; give it for all of them.');
        return to.add('Add', [placed, to.add('Unsqueeze', [names.mask, to.ints([1])])]);
      }),
  }),
];
