/** y = x·W + b over the last axis. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { expectAffine, expectShape } from '../check.ts';
import { dualResidual, type ResidualTerms } from '../dual-residual/index.ts';
import { after, choose, scope } from '../engine.ts';
import { graphsRun } from '../native/probe.ts';
import type { TracedOp, Wanted } from '../pullback.ts';
import { recorderBackend } from '../recorder/record.ts';
import { layers } from '../simd/layers.ts';
import { graph } from './graph.ts';
import { native } from './native.ts';
import { recorded } from './recorded.ts';
import { reference } from './reference.ts';
import type { Names } from './shared.ts';
import { simd } from './simd.ts';
import { wasm } from './wasm.ts';
import { shaders, webgpu, withResidual } from './webgpu.ts';

/** What an implementation of {@link linear} does. */
export interface LinearKernel {
  /**
   * x [..., in], weight [in, out], bias [out] → [..., out]
   * @throws RangeError when the shapes do not fit
   */
  apply(x: Tensor, weight: Tensor, bias?: Tensor): Tensor;
  trace(x: Tensor, weight: Tensor, bias?: Tensor): TracedOp<'x' | 'weight' | 'bias'>;
}

/** What an implementation of `linear` gives. */
export interface AffineKernel extends LinearKernel {
  /** The wanted gradients for dy [..., out]. */
  gradients(x: Tensor, weight: Tensor, dy: Tensor, want: (name: Names) => boolean): Partial<Record<Names, Tensor>>;
}

const implementations = {
  reference,
  [recorderBackend]: recorded,
  get wasm() {
    return layers.load() ? simd : wasm;
  },
  webgpu,
  get tensorflow() {
    return graphsRun() ? graph : native;
  },
};

/** `linear`, and what only it can: to add the recurrence's terms as it stores. */
export interface Linear extends LinearKernel {
  /**
   * x·W + b + α·terms.x + β·terms.previous, in one operation where the backend has it (a state whose factor is 0 is not touched)
   * @throws RangeError when the shapes do not fit
   */
  applyWithResidual(x: Tensor, weight: Tensor, bias: Tensor | undefined, terms: ResidualTerms): Tensor;
  /**
   * What the pullback of a trace would give for dy [..., out], without the trace: for whoever has x again and no use for y.
   * @throws RangeError when the shapes do not fit
   */
  gradients(x: Tensor, weight: Tensor, dy: Tensor, wanted: Wanted<Names>): Partial<Record<Names, Tensor>>;
}

/** Whether the product's own epilogue is used: on WebGPU, unless x's factor is 0 and x must not be touched. */
const addsAsItStores = ({ alpha }: ResidualTerms) =>
  alpha !== 0 && choose<AffineKernel>(implementations, ...shaders) === webgpu;

/** y = x·W + b. The trace keeps x and W (shared data, no copies). */
export const linear: Linear = {
  apply(x, weight, bias) {
    expectAffine('linear', x, weight, bias);
    return choose(implementations, ...shaders).apply(x, weight, bias);
  },
  trace(x, weight, bias) {
    expectAffine('linear', x, weight, bias);
    return choose(implementations, ...shaders).trace(x, weight, bias);
  },
  gradients(x, weight, dy, wanted) {
    expectAffine('linear', x, weight);
    expectShape('linear.gradients', 'dy', dy, [...x.shape.slice(0, -1), weight.shape[1]!], 'the shape of x·W');
    return scope(() => choose(implementations, ...shaders).gradients(x, weight, dy, (name) => wanted[name] === true));
  },
  applyWithResidual(x, weight, bias, terms) {
    expectAffine('linear', x, weight, bias);
    if (!addsAsItStores(terms)) {
      const f = linear.apply(x, weight, bias);
      return scope(() => after(dualResidual.update(f, terms.x, terms.previous, terms), f));
    }
    const shape = [...x.shape.slice(0, -1), weight.shape[1]!];
    expectShape('linear.applyWithResidual', 'x_i', terms.x, shape, 'the shape of x·W');
    if (terms.beta !== 0) expectShape('linear.applyWithResidual', 'x_{i−1}', terms.previous, shape, 'the shape of x·W');
    return withResidual(x, weight, bias, terms);
  },
};
