/** Linear layers: x·W + b, and the same followed by the exact GELU. Weights are [in, out]. */
import {
  type Context,
  type Differentiable,
  linear,
  linearGelu,
  type Parameter,
  type ResidualTerms,
  type Traced,
} from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type ParameterPullback, traceWith } from './op-layer.ts';

/** The op behind a linear layer. */
type LinearOp = typeof linear | typeof linearGelu;

class LinearLayer implements Differentiable {
  readonly parameters: readonly Parameter[];

  /**
   * @param weight [in, out]
   * @param bias [out], or null
   */
  constructor(
    private readonly op: LinearOp,
    protected readonly weight: Parameter,
    protected readonly bias: Parameter | null,
  ) {
    this.parameters = bias ? [weight, bias] : [weight];
  }

  apply(x: Tensor): Tensor {
    return this.op.apply(x, this.weight.variable, this.bias?.variable);
  }

  trace(x: Tensor): Traced & { readonly pullback: ParameterPullback } {
    const traced = this.op.trace(x, this.weight.variable, this.bias?.variable);
    return traceWith(traced, { weight: this.weight, bias: this.bias }, 'x');
  }
}

/** x [..., in] → x·W + b [..., out]. */
export class Linear extends LinearLayer {
  constructor(weight: Parameter, bias: Parameter | null = null) {
    super(linear, weight, bias);
  }

  applyWithResidual(x: Tensor, _context: Context, terms: ResidualTerms): Tensor {
    return linear.applyWithResidual(x, this.weight.variable, this.bias?.variable, terms);
  }
}

/** x [..., in] → gelu(x·W + b) [..., out], with the exact (erf) GELU. */
export class LinearGelu extends LinearLayer {
  constructor(weight: Parameter, bias: Parameter | null = null) {
    super(linearGelu, weight, bias);
  }
}
