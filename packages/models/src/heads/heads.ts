/** Makes classification heads: the one that the checkpoint has, or a new one. */
import { Parameter } from '@dr2net/ops';
import { tensor } from '@tensorflow/tfjs-core';
import type { Backbone, HeadForm, Pooling } from '../backbone.ts';
import { joinColumns, toColumns } from '../checkpoint/layout.ts';
import { MissingTensorError, ModelOptionError, TensorShapeError } from '../errors.ts';
import { initialise } from '../initial.ts';
import { ClassificationHead, type HeadSizes, type PlannedHeadParameter, planHead } from './classification-head.ts';

/** How a head is used in training. */
export interface HeadOptions {
  /** Dropout before the linear layer while training. Default 0. */
  readonly dropout?: number;
}

/** Whether the checkpoint has a classification head. */
export function hasPretrainedHead(backbone: Backbone): boolean {
  return backbone.extra.has(`${backbone.head.outputs[0]}.weight`);
}

function readParameter(backbone: Backbone, { name, layout }: PlannedHeadParameter): Parameter {
  const [part] = layout;
  const key = part?.key;
  if (!part || typeof key !== 'string') throw new Error(`The head's parameter ${name} has no key.`);
  const host = backbone.extra.get(key);
  if (!host)
    throw new MissingTensorError(`The checkpoint has no ${key}, which its classification head needs; make a new head.`);
  if (host.shape.length !== part.shape.length || host.shape.some((size, axis) => size !== part.shape[axis]))
    throw new TensorShapeError(
      `Tensor ${key} is [${host.shape}] where the head needs [${part.shape}]; make a new head.`,
    );
  // The upload is a copy of the host's values, which the backbone keeps.
  const published = tensor(host.data.slice(), [...host.shape], 'float32');
  const columns = toColumns(part, published);
  published.dispose();
  const value = joinColumns(layout, [columns]);
  columns.dispose();
  return new Parameter(name, value);
}

/**
 * The classification head of the checkpoint, with its weights.
 * @throws {MissingTensorError | TensorShapeError} the checkpoint has none, or one of another width
 */
export function pretrainedHead(backbone: Backbone, { dropout = 0 }: HeadOptions = {}): ClassificationHead {
  const form = backbone.head;
  const key = `${form.outputs[0]}.weight`;
  const weight = backbone.extra.get(key);
  if (!weight)
    throw new MissingTensorError(
      `The checkpoint of this ${backbone.architecture} has no ${key}: it has no classification head; make a new one for your classes.`,
    );
  const sizes = { width: backbone.width, prefixTokens: backbone.prefixTokens, classes: weight.shape[0] ?? 0 };
  const parameters = new Map<string, Parameter>();
  try {
    for (const planned of planHead(form, sizes)) parameters.set(planned.name, readParameter(backbone, planned));
    return new ClassificationHead(form, sizes, parameters, dropout);
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
}

/** How a new head is made. */
export interface NewHeadOptions extends HeadOptions {
  readonly classes: number;
  /** 32-bit unsigned. */
  readonly seed: number;
  /** Default: the architecture's own. */
  readonly pooling?: Pooling;
  /** Whether a LayerNorm stands after the pooling. Default: the architecture's own; true where the backbone has no norm. */
  readonly norm?: boolean;
}

/** Tokens before the patch tokens that a pooling reads. */
const needed: Readonly<Record<Pooling, number>> = { class: 0, mean: 0, 'class+mean': 1, 'class,distillation': 2 };

/** The form that a new head has. */
function newForm(backbone: Backbone, { pooling = backbone.head.pooling, norm }: NewHeadOptions): HeadForm {
  const published = backbone.head;
  if (!(pooling in needed))
    throw new ModelOptionError(`pooling ${pooling} is unknown; choose ${Object.keys(needed).join(', ')}.`);
  if (backbone.prefixTokens < needed[pooling])
    throw new ModelOptionError(
      `pooling ${pooling} does not fit: this ${backbone.architecture} has ${backbone.prefixTokens} tokens before the patch tokens; choose mean.`,
    );
  const withNorm = norm ?? (published.norm !== null || backbone.norm === null);
  const [first = 'classifier'] = published.outputs;
  return {
    pooling,
    norm: withNorm ? (published.norm ?? 'fc_norm') : null,
    epsilon: published.epsilon || 1e-6,
    outputs: pooling === 'class,distillation' ? [first, published.outputs[1] ?? `${first}_distillation`] : [first],
  };
}

/** A new head: linear layers truncated normal (σ = 0.02), biases 0. */
export function newHead(backbone: Backbone, options: NewHeadOptions): ClassificationHead {
  const { classes, seed, dropout = 0 } = options;
  if (!Number.isSafeInteger(classes) || classes < 1)
    throw new ModelOptionError(`classes ${classes} is not a whole number of at least 1.`);
  const form = newForm(backbone, options);
  const sizes: HeadSizes = { width: backbone.width, prefixTokens: backbone.prefixTokens, classes };
  return new ClassificationHead(form, sizes, initialise(planHead(form, sizes), seed), dropout);
}
