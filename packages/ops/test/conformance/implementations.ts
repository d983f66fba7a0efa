/** Every implementation of every op, where it can run: the suite checks them all, not only those that a backend chooses. */
import { getBackend, type Tensor } from '@tensorflow/tfjs-core';
import { reference as accumulateReference } from '../../src/accumulate/reference.ts';
import { simd as accumulateSimd } from '../../src/accumulate/simd.ts';
import { reference as adamReference } from '../../src/adam/reference.ts';
import { applyInBlocks, gradientInBlocks } from '../../src/attention/blocks.ts';
import { geometry } from '../../src/attention/geometry.ts';
import { graph as attentionGraph } from '../../src/attention/graph.ts';
import type { AttentionKernel, AttentionOptions } from '../../src/attention/index.ts';
import { native as attentionNative } from '../../src/attention/native.ts';
import { own as attentionOwn } from '../../src/attention/own.ts';
import { reference as attentionReference } from '../../src/attention/reference.ts';
import { simd as attentionSimd } from '../../src/attention/simd.ts';
import { wasm as attentionWasm } from '../../src/attention/wasm.ts';
import { reference as scaleReference } from '../../src/channel-scale/reference.ts';
import { host as deformableHost } from '../../src/deformable-attention/host.ts';
import { own as deformableOwn } from '../../src/deformable-attention/own.ts';
import { reference as deformableReference } from '../../src/deformable-attention/reference.ts';
import { simd as deformableSimd } from '../../src/deformable-attention/simd.ts';
import { webgpu as deformableWebgpu } from '../../src/deformable-attention/webgpu.ts';
import { native as residualNative } from '../../src/dual-residual/native.ts';
import { reference as residualReference } from '../../src/dual-residual/reference.ts';
import { simd as residualSimd } from '../../src/dual-residual/simd.ts';
import { hold } from '../../src/engine.ts';
import { host as geluHost } from '../../src/gelu/host.ts';
import { native as geluNative } from '../../src/gelu/native.ts';
import { own as geluOwn } from '../../src/gelu/own.ts';
import { reference as geluReference } from '../../src/gelu/reference.ts';
import { simd as geluSimd } from '../../src/gelu/simd.ts';
import {
  accumulate,
  adam,
  attention,
  channelScale,
  deformableAttention,
  dualResidual,
  gelu,
  layerNorm,
  linear,
  linearGelu,
  softmaxCrossEntropy,
  windowAttention,
} from '../../src/index.ts';
import { graph as normGraph } from '../../src/layer-norm/graph.ts';
import { host as normHost } from '../../src/layer-norm/host.ts';
import { native as normNative } from '../../src/layer-norm/native.ts';
import { own as normOwn } from '../../src/layer-norm/own.ts';
import { reference as normReference } from '../../src/layer-norm/reference.ts';
import { simd as normSimd } from '../../src/layer-norm/simd.ts';
import { summing as normSumming } from '../../src/layer-norm/webgpu.ts';
import { graph as linearGraph } from '../../src/linear/graph.ts';
import { native as linearNative } from '../../src/linear/native.ts';
import { reference as linearReference } from '../../src/linear/reference.ts';
import { simd as linearSimd } from '../../src/linear/simd.ts';
import { wasm as linearWasm } from '../../src/linear/wasm.ts';
import { graph as linearGeluGraph, graphWithOwn as linearGeluOwn } from '../../src/linear-gelu/graph.ts';
import { native as linearGeluNative } from '../../src/linear-gelu/native.ts';
import { reference as linearGeluReference } from '../../src/linear-gelu/reference.ts';
import { simd as linearGeluSimd } from '../../src/linear-gelu/simd.ts';
import { wasm as linearGeluWasm } from '../../src/linear-gelu/wasm.ts';
import { ownDeformable, ownLayers, ownWindows } from '../../src/native/own.ts';
import { graphsRun } from '../../src/native/probe.ts';
import { once } from '../../src/pullback.ts';
import { layers } from '../../src/simd/layers.ts';
import { reference as lossReference } from '../../src/softmax-cross-entropy/reference.ts';
import { summing as lossSumming } from '../../src/softmax-cross-entropy/webgpu.ts';
import { wayHere } from '../../src/webgpu/sum.ts';
import { own as windowOwn } from '../../src/window-attention/own.ts';
import { reference as windowReference } from '../../src/window-attention/reference.ts';
import { simd as windowSimd } from '../../src/window-attention/simd.ts';

export interface Implementation<Kernel> {
  /** Absent: the one that the backend chooses. */
  readonly label?: string;
  readonly kernel: Kernel;
  /** Whether the current backend can run it. */
  here(): boolean;
}

const everywhere = () => true;
const onWasm = () => getBackend() === 'wasm';
const withSimd = () => onWasm() && layers.load() !== undefined;
const onHost = () => onWasm() || getBackend() === 'cpu';
const onNode = () => getBackend() === 'tensorflow';
const withGraphs = () => onNode() && graphsRun();
const withOwn = () => onNode() && ownLayers();
const withSubgroups = () => getBackend() === 'webgpu' && wayHere() === 'subgroups';

const of = <Kernel>(kernel: Kernel, label: string | undefined, here: () => boolean): Implementation<Kernel> => ({
  kernel,
  ...(label !== undefined && { label }),
  here,
});

const chosen = <Kernel>(kernel: Kernel) => of(kernel, undefined, everywhere);
const reference = <Kernel>(kernel: Kernel) => of(kernel, 'reference', everywhere);

/** The implementation for many tokens, made to work on three queries at a time. */
const inThrees = (qkv: Tensor, options: AttentionOptions) => ({ ...geometry(qkv, options), queries: 3 });
const blocksOfThree: AttentionKernel = {
  apply: (qkv, options) => applyInBlocks(qkv, inThrees(qkv, options)),
  trace(qkv, options) {
    const kept = hold(qkv);
    return {
      value: applyInBlocks(qkv, inThrees(qkv, options)),
      pullback: once('attention', [kept], (dy: Tensor, wanted?) =>
        wanted && !wanted.qkv ? {} : { qkv: gradientInBlocks(kept, inThrees(kept, options), dy) },
      ),
    };
  },
};

export const implementations = {
  linear: [
    chosen(linear),
    reference(linearReference),
    of(linearWasm, 'composed', onWasm),
    of(linearSimd, 'SIMD', withSimd),
    of(linearNative, 'raw', onNode),
    of(linearGraph, 'graph', withGraphs),
  ],
  linearGelu: [
    chosen(linearGelu),
    reference(linearGeluReference),
    of(linearGeluWasm, 'composed', onWasm),
    of(linearGeluSimd, 'SIMD', withSimd),
    of(linearGeluNative, 'raw', onNode),
    of(linearGeluGraph, 'graph', withGraphs),
    of(linearGeluOwn, 'graph with own operations', () => withGraphs() && withOwn()),
  ],
  gelu: [
    chosen(gelu),
    reference(geluReference),
    of(geluHost, 'loop', onHost),
    of(geluSimd, 'SIMD', withSimd),
    of(geluNative, 'raw', onNode),
    of(geluOwn, 'own', withOwn),
  ],
  layerNorm: [
    chosen(layerNorm),
    reference(normReference),
    of(normHost, 'loop', onHost),
    of(normSimd, 'SIMD', withSimd),
    of(normNative, 'raw', onNode),
    of(normGraph, 'graph', withGraphs),
    of(normOwn, 'own', withOwn),
    of(
      normSumming(() => 'plain'),
      'without subgroups',
      withSubgroups,
    ),
  ],
  attention: [
    chosen(attention),
    reference(attentionReference),
    of(blocksOfThree, 'blocks', everywhere),
    of(attentionWasm, 'composed', onWasm),
    of(attentionSimd, 'SIMD', withSimd),
    of(attentionNative, 'raw', onNode),
    of(attentionGraph, 'graph', withGraphs),
    of(attentionOwn, 'own', withOwn),
  ],
  adam: [chosen(adam), reference(adamReference)],
  windowAttention: [
    chosen(windowAttention),
    reference(windowReference),
    of(windowSimd, 'SIMD', withSimd),
    of(windowOwn, 'own', () => onNode() && ownWindows()),
  ],
  deformableAttention: [
    chosen(deformableAttention),
    reference(deformableReference),
    of(deformableHost, 'loop', () => onHost() || onNode()),
    of(deformableSimd, 'SIMD', withSimd),
    of(deformableWebgpu, 'WGSL', () => getBackend() === 'webgpu'),
    of(deformableOwn, 'own', () => onNode() && ownDeformable()),
  ],
  channelScale: [chosen(channelScale), reference(scaleReference)],
  softmaxCrossEntropy: [
    chosen(softmaxCrossEntropy),
    reference(lossReference),
    of(
      lossSumming(() => 'plain'),
      'without subgroups',
      withSubgroups,
    ),
  ],
  dualResidual: [
    chosen(dualResidual),
    reference(residualReference),
    of(residualSimd, 'SIMD', withSimd),
    of(residualNative, 'own or reference', onNode),
  ],
  accumulate: [chosen(accumulate), reference(accumulateReference), of(accumulateSimd, 'SIMD', withSimd)],
} as const;
