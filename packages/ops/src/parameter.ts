/** A named tensor of a model, held in a `tf.Variable`, so that `tf.variableGrads` and tfjs optimizers see it too. */
import { type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';

/** A named tensor of a model, which training may change. */
export class Parameter {
  /** The tensor. Ops take it as it is; it must not be disposed by anyone but `dispose`. */
  readonly variable: Variable;

  /**
   * @param name unique in its model, e.g. `blocks.3.attention.qkv.weight`
   * @param initial the first value; the parameter takes it over
   */
  constructor(
    readonly name: string,
    initial: Tensor,
  ) {
    this.variable = variable(initial);
    initial.dispose();
  }

  get shape(): readonly number[] {
    return this.variable.shape;
  }

  get size(): number {
    return this.variable.size;
  }

  get bytes(): number {
    return this.variable.size * 4;
  }

  /** Whether training changes it; pullbacks hand no gradient of a parameter that is not trainable to the sink. */
  get trainable(): boolean {
    return this.variable.trainable;
  }

  set trainable(value: boolean) {
    this.variable.trainable = value;
  }

  /** Replaces the value; the parameter takes `value` over. Throws when the shape differs. */
  assign(value: Tensor): void {
    this.variable.assign(value);
    value.dispose();
  }

  dispose(): void {
    this.variable.dispose();
  }
}
