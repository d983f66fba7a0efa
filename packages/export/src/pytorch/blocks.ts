/** Python: a transformer's sub-blocks over the tensors of its checkpoint, wired by the recurrence. */
import type { HeadRead } from '@dr2net/core';
import type { TransformerBackbone } from '@dr2net/models';
import { type TrainedCoefficients, usedCoefficients } from '../networks/metadata.ts';

type BlockNames = ReturnType<TransformerBackbone['names']['block']>;

export interface PythonBlocks {
  /** The names of block i's tensors. */
  block(i: number): BlockNames;
  readonly depth: number;
  readonly heads: number;
  readonly layerScale: boolean;
  /** Positions that every block but the first has of its own, before and behind its attention. */
  readonly midPositions?: string;
}

/** A name that depends on the block as a Python string of `i`. */
function nameOf(of: (i: number) => string): string {
  const [seven, eight] = [of(7), of(8)];
  let same = 0;
  while (seven[same] === eight[same]) same++;
  return `f"${seven.slice(0, same)}{i}${seven.slice(same + 1)}"`;
}

const importLine = (convolution: string) =>
  `from torch.nn.functional import ${[convolution, 'gelu', 'layer_norm', 'linear', 'relu', 'scaled_dot_product_attention'].join(', ')}`;

/** What stands before all else. */
export function preamble(
  trained: TrainedCoefficients,
  epsilon: number,
  convolution: 'conv2d' | 'conv3d',
  activations: boolean,
): string[] {
  const { alpha, beta } = usedCoefficients(trained);
  return [
    'import torch',
    'from safetensors.torch import load_file',
    activations ? importLine(convolution) : importLine(convolution).replace('relu, ', ''),
    '',
    'w = load_file("model.safetensors")',
    `ALPHA, BETA = ${alpha}, ${beta}`,
    '',
    `def norm(x, name, eps=${epsilon}):`,
    '    return layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps)',
    '',
    'def dense(x, name):',
    '    return linear(x, w[name + ".weight"], w.get(name + ".bias"))',
    '',
  ];
}

function qkv({ block }: PythonBlocks): string[] {
  const { qkvWeight: weights, qkvBias: biases } = block(0);
  const weight = (k: number) => nameOf((i) => block(i).qkvWeight[k]!);
  const bias = (k: number) => (biases[k] ? `w.get(${nameOf((i) => block(i).qkvBias[k]!)})` : 'None');
  if (weights.length === 1) return [`    q, k, v = linear(y, w[${weight(0)}], ${bias(0)}).chunk(3, -1)`];
  return ['q', 'k', 'v'].map((name, k) => `    ${name} = linear(y, w[${weight(k)}], ${bias(k)})`);
}

/** `attention(x, i)` and `mlp(x, i)`: the residual functions F of block i. */
export function subBlocks(blocks: PythonBlocks): string[] {
  const { block, heads, layerScale, midPositions } = blocks;
  const name = (
    part: 'attentionNorm' | 'projection' | 'attentionScale' | 'mlpNorm' | 'expand' | 'contract' | 'mlpScale',
  ) => nameOf((i) => block(i)[part]);
  const scale = (part: 'attentionScale' | 'mlpScale') => (layerScale ? ` * w[${name(part)}]` : '');
  const own = midPositions ? [`    p = w["${midPositions}"][i - 1] if i > 0 else 0`] : [];
  return [
    'def attention(x, i):',
    ...own,
    `    y = norm(${midPositions ? 'x + p' : 'x'}, ${name('attentionNorm')})`,
    ...qkv(blocks),
    `    q, k, v = (t.unflatten(-1, (${heads}, -1)).transpose(1, 2) for t in (q, k, v))`,
    '    y = scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)',
    `    return ${midPositions ? 'p + ' : ''}dense(y, ${name('projection')})${scale('attentionScale')}`,
    '',
    'def mlp(x, i):',
    `    y = gelu(dense(norm(x, ${name('mlpNorm')}), ${name('expand')}))`,
    `    return dense(y, ${name('contract')})${scale('mlpScale')}`,
    '',
  ];
}

/** From x = x_0 to what the head reads, inside a function. */
export function recurrence({ depth }: PythonBlocks, read: HeadRead): string[] {
  return [
    '    before = x',
    `    for i in range(${depth}):`,
    '        for f in (attention, mlp):',
    '            x, before = f(x, i) + ALPHA * x + BETA * before, x',
    ...(read === 'mean' ? ['    x = (x + before) / 2'] : []),
  ];
}
