/** The training loop's part of a step, dry: gradients that are collected or used at once, optimizers, the weights' average. */
import type { DryEngine, DryTensor } from './engine.ts';
import type { DryParameter, DrySink } from './layer.ts';

/** Optimizers whose memory is known. `sgd` is without a momentum where it is called `plain-sgd`. */
export const plannedOptimizers = ['adamw', 'sgd', 'plain-sgd'] as const;
/** An optimizer whose slots are planned for. */
export type PlannedOptimizer = (typeof plannedOptimizers)[number];

/** The training loop's part of a step: what becomes of the gradients. */
export interface DryTraining {
  readonly optimizer: PlannedOptimizer;
  /** Whether weights decay (matrices alone, as by default). */
  readonly decay: boolean;
  /** `collect` or `sink`, as in `finetune` of `@dr2net/train`. */
  readonly update: 'collect' | 'sink';
  /** Batches that make one step. */
  readonly accumulate: number;
  /** Parts in which sub-blocks work: MLPs on their rows, attention on its heads. */
  readonly chunks: number;
  /** Whether gradients are clipped. */
  readonly clip: boolean;
  /** Whether a moving average of the weights is kept. */
  readonly ema: boolean;
}

export class DryTrainer {
  readonly #gradients = new Map<DryParameter, DryTensor>();
  readonly #slots = new Map<DryParameter, Map<string, DryTensor>>();
  readonly #averages = new Map<DryParameter, DryTensor>();

  constructor(
    private readonly engine: DryEngine,
    private readonly training: DryTraining,
    parameters: readonly DryParameter[],
    /** Whether Adam's step is one call a parameter that changes the moments in place. */
    private readonly oneCallAdam: boolean,
  ) {
    if (training.ema) for (const parameter of parameters) this.#averages.set(parameter, engine.share(parameter.tensor));
  }

  readonly sink: DrySink = (parameter, gradient) => {
    const { engine, training } = this;
    if (training.update === 'sink') {
      const clipped = this.#clipped(gradient);
      this.#update(parameter, clipped);
      engine.free(gradient);
      if (clipped !== gradient) engine.free(clipped);
      return;
    }
    const weighted = training.accumulate > 1 ? engine.after(engine.op(gradient.size, gradient), gradient) : gradient;
    const known = this.#gradients.get(parameter);
    const total = known ? engine.after(engine.op(weighted.size, known, weighted), known, weighted) : weighted;
    this.#gradients.set(parameter, engine.label(total, 'gradients'));
  };

  /** Updates what has been collected, and the average. */
  end(): void {
    const { engine, training } = this;
    if (training.accumulate > 1)
      for (const [parameter, gradient] of this.#gradients)
        this.#gradients.set(
          parameter,
          engine.after(engine.label(engine.op(gradient.size, gradient), 'gradients'), gradient),
        );
    for (const [parameter, gradient] of this.#gradients) {
      const clipped = this.#clipped(gradient);
      this.#update(parameter, clipped);
      engine.free(gradient);
      if (clipped !== gradient) engine.free(clipped);
    }
    this.#gradients.clear();
    for (const [parameter, average] of this.#averages) {
      const next = engine.within('update', () => this.#combine(average, parameter.tensor, true, true));
      engine.free(average);
      this.#averages.set(parameter, engine.label(next, 'average'));
    }
  }

  #clipped(gradient: DryTensor): DryTensor {
    const { engine } = this;
    if (!this.training.clip) return gradient;
    engine.free(engine.op(gradient.size, gradient));
    return engine.op(gradient.size, gradient);
  }

  /** a·x + b·y, where a factor of 1 makes no temporary. */
  #combine(x: DryTensor, y: DryTensor, scaleX: boolean, scaleY: boolean): DryTensor {
    const { engine } = this;
    const left = scaleX ? engine.op(x.size, x) : undefined;
    const right = scaleY ? engine.op(y.size, y) : undefined;
    return engine.after(engine.op(x.size, left ?? x, right ?? y), left, right);
  }

  #update(parameter: DryParameter, gradient: DryTensor): void {
    const { engine, training } = this;
    const slots = this.#slots.get(parameter) ?? new Map<string, DryTensor>();
    this.#slots.set(parameter, slots);
    const set = (name: string, tensor: DryTensor) => {
      engine.free(slots.get(name));
      slots.set(name, engine.label(tensor, 'slots'));
      return tensor;
    };
    const decays = training.decay && parameter.shape.length > 1;
    const rule = training.optimizer === 'adamw' ? this.#adamW : this.#sgd;
    const next = engine.within('update', () => rule.call(this, parameter, gradient, slots, set, decays));
    engine.free(parameter.tensor);
    parameter.tensor = engine.label(next, 'parameters');
  }

  #adamW(
    { tensor }: DryParameter,
    gradient: DryTensor,
    slots: ReadonlyMap<string, DryTensor>,
    set: (name: string, tensor: DryTensor) => DryTensor,
    decays: boolean,
  ): DryTensor {
    const { engine } = this;
    const map = (...inputs: DryTensor[]) => engine.op(inputs[0]!.size, ...inputs);
    const [m, v] = [slots.get('m'), slots.get('v')];
    if (this.oneCallAdam) {
      const moments = { m: m ?? set('m', engine.op(tensor.size)), v: v ?? set('v', engine.op(tensor.size)) };
      return engine.op(tensor.size, tensor, gradient, moments.m, moments.v);
    }
    // Each is announced as soon as it exists, when the one before it is freed.
    const nextM = set('m', m ? this.#combine(m, gradient, true, true) : map(gradient));
    const squared = map(gradient);
    const nextV = set('v', engine.after(v ? this.#combine(v, squared, true, true) : map(squared), squared));
    const root = map(nextV);
    const denominator = engine.after(map(root), root);
    const direction = engine.after(map(nextM, denominator), denominator);
    return engine.after(this.#combine(tensor, direction, decays, true), direction);
  }

  #sgd(
    { tensor }: DryParameter,
    gradient: DryTensor,
    slots: ReadonlyMap<string, DryTensor>,
    set: (name: string, tensor: DryTensor) => DryTensor,
    decays: boolean,
  ): DryTensor {
    const { engine } = this;
    const decayed = decays ? this.#combine(gradient, tensor, false, true) : engine.share(gradient);
    const velocity = slots.get('momentum');
    const step =
      this.training.optimizer === 'plain-sgd'
        ? decayed
        : set('momentum', velocity ? this.#combine(velocity, decayed, true, false) : engine.op(decayed.size, decayed));
    return engine.after(this.#combine(tensor, step, false, true), decayed);
  }
}
