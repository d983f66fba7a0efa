/**
 * The residual functions F_i of a pre-norm transformer block (Dr2Net, arXiv 2401.04105, section 3): LayerNorm +
 * attention, then LayerNorm + MLP, each with optional LayerScale, dropout and stochastic depth inside F_i.
 */
import type { SubBlock } from '@dr2net/core';
import type { Differentiable, Parameter } from '@dr2net/ops';
import type { AttentionParts } from './attention.ts';
import { byHeads } from './by-heads.ts';
import { byRows } from './by-rows.ts';
import { LayerNorm } from './layer-norm.ts';
import { LayerScale } from './layer-scale.ts';
import { Dropout, DropPath } from './masking.ts';
import { type MlpParts, mlp } from './mlp.ts';
import { sequential } from './sequential.ts';
import { type WindowAttentionParts, windowSelfAttention } from './window-attention.ts';

/** What stands around the attention or the MLP inside its sub-block. */
export interface BranchParts {
  /** [width] each. */
  readonly norm: { readonly gain: Parameter; readonly bias: Parameter; readonly epsilon: number };
  /** LayerScale's γ [width]; null for none. */
  readonly scale?: Parameter | null;
  /** Dropout of the branch's output; default 0. */
  readonly dropout?: number;
  /** Stochastic depth of the branch; default 0. */
  readonly dropPath?: number;
}

/** The branch's tail behind `inner`. */
function masked(name: string, inner: Differentiable, { scale, dropout = 0, dropPath = 0 }: BranchParts): SubBlock {
  const layers: Differentiable[] = [inner];
  if (dropout !== 0) layers.push(new Dropout(dropout));
  if (scale) layers.push(new LayerScale(scale));
  if (dropPath !== 0) layers.push(new DropPath(dropPath));
  return { name, ...sequential(name, layers) };
}

const normOf = ({ norm }: BranchParts) => new LayerNorm(norm.gain, norm.bias, norm.epsilon);

/**
 * F(x) = [DropPath ∘ LayerScale ∘ Dropout ∘] attention(LayerNorm(x)), on [batch, tokens, width]; a group of heads at a time, in
 * `context.chunks` groups.
 */
export function attentionSubBlock(name: string, parts: BranchParts & { attention: AttentionParts }): SubBlock {
  return masked(name, byHeads('attention', normOf(parts), parts.attention), parts);
}

/**
 * F(x) = [DropPath ∘ LayerScale ∘ Dropout ∘] attention inside windows of LayerNorm(x), on maps [batch, height, width, channels]; in
 * `context.chunks` parts of the windows.
 */
export function windowAttentionSubBlock(
  name: string,
  parts: BranchParts & { attention: WindowAttentionParts },
): SubBlock {
  return masked(name, sequential(name, [normOf(parts), windowSelfAttention(parts.attention)]), parts);
}

/** F(x) = [DropPath ∘ LayerScale ∘ Dropout ∘] mlp(LayerNorm(x)), on [..., width]; in `context.chunks` parts of the rows. */
export function mlpSubBlock(name: string, parts: BranchParts & { mlp: MlpParts }): SubBlock {
  const rows: Differentiable[] = [normOf(parts), mlp(parts.mlp)];
  // Without dropout before it, LayerScale goes by rows too.
  const scale = !parts.dropout && parts.scale;
  if (scale) rows.push(new LayerScale(scale));
  return masked(name, byRows('mlp', sequential('mlp', rows)), scale ? { ...parts, scale: null } : parts);
}
