/** The classification head of a vision transformer: pooling, an optional norm, dropout, and one or two linear layers. */
import { Dropout, LayerNorm, Linear, sequential } from '@dr2net/layers';
import type { Context, Differentiable, Parameter, Traced } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CheckpointTensor, HeadForm, Pooling } from '../backbone.ts';
import { type Layout, linearWeight, plain } from '../checkpoint/layout.ts';
import { ParameterPlan } from '../checkpoint/parameter-plan.ts';
import type { Initial } from '../transformer/plan.ts';
import { average } from './average.ts';
import { MeanPool, PairPool, TokenPool } from './pooling.ts';

/** The sizes that a head's parameters follow from. */
export interface HeadSizes {
  /** Width of the tokens. */
  readonly width: number;
  /** Tokens before the patch tokens. */
  readonly prefixTokens: number;
  readonly classes: number;
}

export interface PlannedHeadParameter {
  readonly name: string;
  readonly layout: Layout;
  readonly initial: Initial;
}

/** Features that the linear layer takes. */
function features(pooling: Pooling, width: number): number {
  return pooling === 'class+mean' ? 2 * width : width;
}

/** Name of the i-th linear layer. */
function outputName(i: number): string {
  return i === 0 ? 'head.output' : `head.output${i + 1}`;
}

/** The parameters of a head: `head.norm.*`, `head.output.*`, and `head.output2.*` where there are two linear layers. */
export function planHead(form: HeadForm, { width, classes }: HeadSizes): PlannedHeadParameter[] {
  const inputs = features(form.pooling, width);
  const norm: PlannedHeadParameter[] =
    form.norm === null
      ? []
      : [
          { name: 'head.norm.gain', layout: plain(`${form.norm}.weight`, [inputs]), initial: 1 },
          { name: 'head.norm.bias', layout: plain(`${form.norm}.bias`, [inputs]), initial: 0 },
        ];
  const outputs = form.outputs.flatMap((key, i): PlannedHeadParameter[] => [
    { name: `${outputName(i)}.weight`, layout: linearWeight(`${key}.weight`, inputs, classes), initial: 'normal' },
    { name: `${outputName(i)}.bias`, layout: plain(`${key}.bias`, [classes]), initial: 0 },
  ]);
  return [...norm, ...outputs];
}

function pool(pooling: Pooling, prefix: number, output: number): Differentiable {
  if (pooling === 'mean') return new MeanPool(prefix);
  if (pooling === 'class+mean') return new PairPool(new TokenPool(0), new MeanPool(prefix));
  return new TokenPool(pooling === 'class,distillation' ? output : 0);
}

/** Tokens [batch, tokens, width] (after the backbone's norm, where it has one) → logits [batch, classes]. */
export class ClassificationHead implements Differentiable {
  readonly parameters: readonly Parameter[];
  private readonly plan: ParameterPlan<PlannedHeadParameter>;
  private readonly layers: Differentiable;

  /**
   * @param parameters by the names of the plan; taken over
   * @param dropout before the linear layer, while training
   */
  constructor(
    readonly form: HeadForm,
    readonly sizes: HeadSizes,
    parameters: ReadonlyMap<string, Parameter>,
    dropout = 0,
  ) {
    this.plan = new ParameterPlan('head', planHead(form, sizes), parameters);
    const { take } = this.plan;
    this.parameters = this.plan.parameters;
    this.layers = average(
      form.outputs.map((_, i) => {
        const chain: Differentiable[] = [pool(form.pooling, sizes.prefixTokens, i)];
        if (form.norm !== null) chain.push(new LayerNorm(take('head.norm.gain'), take('head.norm.bias'), form.epsilon));
        if (dropout !== 0) chain.push(new Dropout(dropout));
        chain.push(new Linear(take(`${outputName(i)}.weight`), take(`${outputName(i)}.bias`)));
        return sequential('the head', chain);
      }),
    );
  }

  get classes(): number {
    return this.sizes.classes;
  }

  apply(tokens: Tensor, context: Context): Tensor {
    return this.layers.apply(tokens, context);
  }

  trace(tokens: Tensor, context: Context): Traced {
    return this.layers.trace(tokens, context);
  }

  /** The layout of a parameter in the checkpoint. */
  layoutOf(parameter: Parameter): Layout {
    return this.plan.of(parameter).layout;
  }

  /** A parameter's value or gradient (borrowed) as the published checkpoint has it. */
  toCheckpoint(parameter: Parameter, tensor: Tensor): CheckpointTensor[] {
    return this.plan.toCheckpoint(parameter, tensor);
  }

  dispose(): void {
    for (const parameter of this.parameters) parameter.dispose();
  }
}
