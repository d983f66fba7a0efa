/** The state of an optimizer in a run: slots and update counts by parameter name, rates by layer. */
import type { Parameter } from '@dr2net/ops';
import { keep, type Tensor } from '@tensorflow/tfjs-core';
import type { Optimizer, Slots } from './contract.ts';

/** The part of a task's model that the layer-wise rates need. */
export interface Layered {
  readonly layers: number;
  layerOf(parameter: Parameter): number;
}

/** Told of every tensor that becomes optimizer state, for the memory meter. */
export type OnState = (tensor: Tensor) => void;

class SlotStore implements Slots {
  readonly tensors = new Map<string, Tensor>();
  count = 0;

  constructor(private readonly onState: OnState) {}

  get(name: string): Tensor | undefined {
    return this.tensors.get(name);
  }

  announce(tensor: Tensor): void {
    this.onState(tensor);
  }

  take(name: string): Tensor | undefined {
    const tensor = this.tensors.get(name);
    this.tensors.delete(name);
    return tensor;
  }

  set(name: string, tensor: Tensor): void {
    this.tensors.get(name)?.dispose();
    // A step may run inside someone's tidy; the slot outlives it.
    this.tensors.set(name, keep(tensor));
    this.onState(tensor);
  }
}

/** Slots and update counts by parameter name, rates by layer. */
export class OptimizerState {
  readonly #stores = new Map<string, SlotStore>();

  constructor(
    readonly optimizer: Optimizer,
    private readonly model: Layered,
    private readonly onState: OnState = () => {},
    /** What becomes of a parameter's next value, which is handed over: it is the parameter's, unless a step is only tried. */
    private readonly assign: (parameter: Parameter, value: Tensor) => void = (parameter, value) =>
      parameter.assign(value),
  ) {}

  /** layerDecay^(top layer − layer of the parameter). */
  rateScale(parameter: Parameter): number {
    const { layerDecay } = this.optimizer;
    return layerDecay === 1 ? 1 : layerDecay ** (this.model.layers - 1 - this.model.layerOf(parameter));
  }

  /** How many parameters it is worth while to update at once. */
  get together(): number {
    return this.optimizer.together?.() ?? 1;
  }

  /** Updates the parameters at once. Gradients are borrowed. */
  update(gradients: readonly (readonly [parameter: Parameter, gradient: Tensor])[], learningRate: number): void {
    const { optimizer } = this;
    const values = optimizer.update(
      gradients.map(([parameter, gradient]) => {
        const slots = this.#store(parameter.name);
        slots.count++;
        return {
          ...{ value: parameter.variable, gradient, slots, count: slots.count },
          learningRate: learningRate * this.rateScale(parameter),
          weightDecay: optimizer.decays(parameter) ? optimizer.weightDecay : 0,
        };
      }),
    );
    for (const [i, [parameter]] of gradients.entries()) this.assign(parameter, values[i]!);
  }

  /** Update counts by parameter name. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#stores].map(([name, store]) => [name, store.count]));
  }

  /** All slots, borrowed: `[slot, parameter name, tensor]`. */
  *entries(): Iterable<readonly [slot: string, name: string, tensor: Tensor]> {
    for (const [name, store] of this.#stores) for (const [slot, tensor] of store.tensors) yield [slot, name, tensor];
  }

  /** Takes a slot of a checkpoint over. */
  restore(slot: string, name: string, tensor: Tensor): void {
    this.#store(name).set(slot, tensor);
  }

  restoreCount(name: string, count: number): void {
    this.#store(name).count = count;
  }

  dispose(): void {
    for (const store of this.#stores.values()) for (const tensor of store.tensors.values()) tensor.dispose();
    this.#stores.clear();
  }

  #store(name: string): SlotStore {
    const known = this.#stores.get(name);
    if (known) return known;
    const store = new SlotStore(this.onState);
    this.#stores.set(name, store);
    return store;
  }
}
