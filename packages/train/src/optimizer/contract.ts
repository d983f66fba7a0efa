/**
 * What an optimizer is: a rule that takes one parameter, its gradient and its slots to the next value. Everything is
 * by parameter NAME and variable by variable, so slots survive a restart and temporaries are of one parameter's size.
 */
import type { Parameter } from '@dr2net/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import { requireNumber } from '../check.ts';

/** The optimizer's tensors for one parameter (moments, momentum), each of its shape. */
export interface Slots {
  get(name: string): Tensor | undefined;
  /** Tells the memory meter of a tensor that will be set, as soon as it exists. */
  announce(tensor: Tensor): void;
  /** Gives `tensor` over to the caller, who sets what becomes of it. */
  take(name: string): Tensor | undefined;
  /** Takes `tensor` over and frees the one before. */
  set(name: string, tensor: Tensor): void;
}

/** One update of one parameter. */
export interface Update {
  /** Borrowed. */
  readonly value: Tensor;
  /** Borrowed. */
  readonly gradient: Tensor;
  readonly slots: Slots;
  /** Updates of this parameter, this one included: 1, 2, … */
  readonly count: number;
  /** Scaled for the parameter's layer already. */
  readonly learningRate: number;
  /** 0 where the parameter is exempt. */
  readonly weightDecay: number;
}

/** An optimizer's settings and rule; it has no state of its own, so one can serve several runs. */
export interface Optimizer {
  readonly name: string;
  /** The base learning rate; a schedule passed to `finetune` replaces it. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** A parameter of layer k learns at rate · layerDecay^(top layer − k); 1 is the same rate everywhere. */
  readonly layerDecay: number;
  /** Whether weight decay applies to the parameter. */
  decays(parameter: Parameter): boolean;
  /** Names of its slots. */
  readonly slots: readonly string[];
  /** The parameters' next values, owned by the caller. */
  update(updates: readonly Update[]): Tensor[];
  /** How many parameters are updated at once; one where this is absent. */
  together?(): number;
  /** The numbers that change what it computes, for the checkpoint. */
  readonly settings: Readonly<Record<string, number | boolean>>;
}

/** Options that all optimizers share. */
export interface OptimizerOptions {
  /** Learning rate, > 0. */
  readonly lr?: number;
  /** ≥ 0. */
  readonly weightDecay?: number;
  /** In (0, 1]; BEiT and VideoMAE finetune with 0.65 … 0.75. Default 1. */
  readonly layerDecay?: number;
  /** Default {@link decaysByDefault}. */
  readonly decays?: (parameter: Parameter) => boolean;
}

/** Parts of names, as dots separate them, of what is no weight: ours, Hugging Face's and timm's. */
const undecayed =
  /^(position|temporal|class|distillation|mask|register|cls|dist|pos|relative_position)(_?(embed|embedding|bias)s?)?(_?(tokens?|table|index))?$/;

/**
 * The usual exemptions: no weight decay on one-dimensional tensors (biases, norms, LayerScale), on position and time
 * embeddings and tables, on class and other extra tokens.
 */
export function decaysByDefault({ name, shape }: Pick<Parameter, 'name' | 'shape'>): boolean {
  return shape.length > 1 && !name.split('.').some((part) => undecayed.test(part));
}

/** The names of the shared options. */
export const sharedOptions = { lr: true, weightDecay: true, layerDecay: true, decays: true } as const;

/** Checks the options and fills in what is missing. */
export function resolveOptimizerOptions(
  name: string,
  { lr, weightDecay, layerDecay = 1, decays = decaysByDefault }: OptimizerOptions,
  defaults: { readonly lr: number; readonly weightDecay: number },
): Pick<Optimizer, 'learningRate' | 'weightDecay' | 'layerDecay' | 'decays'> {
  const learningRate = lr ?? defaults.lr;
  const decay = weightDecay ?? defaults.weightDecay;
  requireNumber(name, 'lr', learningRate, (x) => x > 0, 'above 0');
  requireNumber(name, 'weightDecay', decay, (x) => x >= 0, 'at least 0');
  requireNumber(name, 'layerDecay', layerDecay, (x) => x > 0 && x <= 1, 'in (0, 1]');
  return { learningRate, weightDecay: decay, layerDecay, decays };
}
