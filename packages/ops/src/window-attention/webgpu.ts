/** Window attention by the shaders of attention, with the bias (and mask) added to the scores. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Geometry, geometry } from '../attention/geometry.ts';
import { expectRoom, paramsOf } from '../attention/webgpu.ts';
import { forward } from '../attention/wgsl/forward.ts';
import { gradientOfBias, gradientOfKV, gradientOfQ } from '../attention/wgsl/gradients.ts';
import { groupsOf, lanesOf, rows, type Variant } from '../attention/wgsl/parts.ts';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once, type Wanted } from '../pullback.ts';
import { dispatch } from '../webgpu/dispatch.ts';
import type { WindowAttentionKernel } from './index.ts';

interface Call {
  readonly g: Geometry;
  readonly variant: Variant;
  readonly params: ReturnType<typeof paramsOf>;
  /** What is added to the scores. */
  readonly terms: readonly Tensor[];
}

function callOf(g: Geometry, bias: Tensor, mask?: Tensor): Call {
  const variant = { width: g.width, bias: true, mask: mask !== undefined };
  expectRoom(variant);
  const terms = mask ? [bias, mask] : [bias];
  return { g, variant, params: paramsOf(g, variant, mask?.shape[0] ?? 1), terms };
}

function run(qkv: Tensor, { g, variant, params, terms }: Call): [Tensor, Tensor] {
  const { batch, tokens, heads, width } = g;
  const outputs = [{ shape: [batch, tokens, heads * width] }, { shape: [batch, heads, tokens] }];
  return dispatch(forward(variant), [qkv, ...terms], outputs, params, groupsOf(g)) as [Tensor, Tensor];
}

function gradients(qkv: Tensor, o: Tensor, lse: Tensor, call: Call, dO: Tensor, wanted?: Wanted<'qkv' | 'bias'>) {
  const { g, variant, params, terms } = call;
  const outputs = [{ shape: qkv.shape }, { shape: lse.shape }];
  const [dqkv, delta] = dispatch(gradientOfQ(variant), [qkv, o, dO, lse, ...terms], outputs, params, groupsOf(g)) as [
    Tensor,
    Tensor,
  ];
  const result: { qkv?: Tensor; bias?: Tensor } = {};
  const rest = [qkv, dO, lse, delta, ...terms];
  if (!wanted || wanted.qkv) {
    dispatch(gradientOfKV(variant), rest, [dqkv], params, groupsOf(g));
    result.qkv = dqkv;
  } else dqkv.dispose();
  if (!wanted || wanted.bias) {
    const { tokens, heads } = g;
    const groups = [Math.ceil(tokens / rows), heads, Math.ceil(tokens / lanesOf(variant))] as const;
    [result.bias] = dispatch(gradientOfBias(variant), rest, [{ shape: [heads, tokens, tokens] }], params, groups) as [
      Tensor,
    ];
  }
  return after(result, delta);
}

export const webgpu: WindowAttentionKernel = {
  apply(qkv, bias, options) {
    const [o, lse] = run(qkv, callOf(geometry(qkv, options), bias, options.mask));
    return after(o, lse);
  },
  trace(qkv, bias, options) {
    const g = geometry(qkv, options);
    const [value, lse] = run(qkv, callOf(g, bias, options.mask));
    const mask = options.mask && hold(options.mask);
    const kept = [hold(qkv), hold(value), after(hold(lse), lse), hold(bias), ...(mask ? [mask] : [])] as const;
    const pullback: OpPullback<'qkv' | 'bias'> = once('windowAttention', kept, (dy: Tensor, wanted?) =>
      wanted && !wanted.qkv && !wanted.bias
        ? {}
        : scope(() => gradients(kept[0], kept[1], kept[2], callOf(g, kept[3], mask), dy, wanted)),
    );
    return { value, pullback };
  },
};
