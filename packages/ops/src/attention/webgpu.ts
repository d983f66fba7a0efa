/** Attention in WGSL: one dispatch forward, two for the gradient; what is kept besides qkv and the output is a number a query and head. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { after, hold, scope } from '../engine.ts';
import { type OpPullback, once } from '../pullback.ts';
import { webgpuBackend } from '../webgpu/backend.ts';
import { dispatch } from '../webgpu/dispatch.ts';
import { type Geometry, geometry } from './geometry.ts';
import type { AttentionKernel } from './index.ts';
import { forward } from './wgsl/forward.ts';
import { gradientOfKV, gradientOfQ } from './wgsl/gradients.ts';
import { groupsOf, lanesOf, rows, unitOf, type Variant, workgroupBytes } from './wgsl/parts.ts';

export const paramsOf = ({ batch, tokens, heads, width, scale }: Geometry, variant: Variant, windows: number) => ({
  ...{ batch, tokens, heads, scale, windows },
  units: width / unitOf(variant).size,
  shares: (4 * lanesOf(variant)) / rows,
});

/** Refuses heads whose rows do not fit into the device's workgroup memory. */
export function expectRoom(variant: Variant): void {
  const { maxComputeWorkgroupStorageSize: limit } = webgpuBackend().device.limits;
  const bytes = workgroupBytes(variant);
  if (bytes > limit)
    throw new RangeError(
      `attention: heads of ${variant.width} channels need ${bytes} bytes of workgroup memory; this device has ${limit}. Use more heads, or the backend wasm.`,
    );
}

/** The output [B, N, C] and log Σ exp [B, heads, N]. */
function run(qkv: Tensor, g: Geometry, variant: Variant): [Tensor, Tensor] {
  const { batch, tokens, heads, width } = g;
  const outputs = [{ shape: [batch, tokens, heads * width] }, { shape: [batch, heads, tokens] }];
  return dispatch(forward(variant), [qkv], outputs, paramsOf(g, variant, 1), groupsOf(g)) as [Tensor, Tensor];
}

function gradient(qkv: Tensor, o: Tensor, lse: Tensor, g: Geometry, variant: Variant, dO: Tensor): Tensor {
  const [params, groups] = [paramsOf(g, variant, 1), groupsOf(g)];
  const outputs = [{ shape: qkv.shape }, { shape: lse.shape }];
  const [dqkv, delta] = dispatch(gradientOfQ(variant), [qkv, o, dO, lse], outputs, params, groups) as [Tensor, Tensor];
  dispatch(gradientOfKV(variant), [qkv, dO, lse, delta], [dqkv], params, groups);
  return after(dqkv, delta);
}

function variantOf({ width }: Geometry): Variant {
  const variant = { width, bias: false, mask: false };
  expectRoom(variant);
  return variant;
}

export const webgpu: AttentionKernel = {
  apply(qkv, options) {
    const g = geometry(qkv, options);
    const [o, lse] = run(qkv, g, variantOf(g));
    return after(o, lse);
  },
  trace(qkv, options) {
    const g = geometry(qkv, options);
    const [value, lse] = run(qkv, g, variantOf(g));
    const kept = [hold(qkv), hold(value), after(hold(lse), lse)] as const;
    const pullback: OpPullback<'qkv'> = once('attention', kept, (dy: Tensor, wanted?) =>
      wanted && !wanted.qkv ? {} : { qkv: scope(() => gradient(...kept, g, variantOf(g), dy)) },
    );
    return { value, pullback };
  },
};
