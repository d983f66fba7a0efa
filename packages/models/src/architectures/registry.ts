/** Finds the architecture that a `config.json` names. */
import { UnsupportedArchitectureError } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import { isSwinConfig } from '../swin/config.ts';
import type { Architecture, ModelDescription, ModelFacts } from './architecture.ts';
import { dinov2 } from './dinov2.ts';
import { inflated } from './inflated.ts';
import type { ModelOptions } from './options.ts';
import { timm } from './timm.ts';
import { videomae } from './videomae.ts';
import { deit, vit } from './vit.ts';

const images: readonly Architecture[] = [vit, deit, dinov2, timm];

function find(architectures: readonly Architecture[], { config }: ModelFacts): Architecture {
  const types = architectures.map(({ modelType }) => modelType);
  const known = types.filter((type) => typeof type === 'string');
  const timmExamples = ['vit_small_patch16_224', 'deit_small_distilled_patch16_224', 'vit_small_patch14_dinov2'];
  if (!config.has('model_type') && !config.has('architecture'))
    throw new UnsupportedArchitectureError(
      `${config.where} has neither model_type (Hugging Face) nor architecture (timm), so it is no model's configuration. Known: ${[...known, ...timmExamples].join(', ')}.`,
    );
  if (isSwinConfig(config.json))
    throw new UnsupportedArchitectureError(
      `${config.where} is of a Swin, which has several runs and maps of several sizes; load it with loadSwin (a new one: createSwin).`,
    );
  const field = config.has('model_type') ? 'model_type' : 'architecture';
  const name = config.text(field);
  const found = architectures.find(({ modelType }) =>
    typeof modelType === 'string'
      ? field === 'model_type' && modelType === name
      : field === 'architecture' && modelType.test(name),
  );
  if (found) return found;
  const candidates = field === 'model_type' ? known : timmExamples;
  throw new UnsupportedArchitectureError(
    `${config.where}: ${field} ${name} is not built${suggestion(name, candidates)}. Known: ${candidates.join(', ')}.`,
  );
}

/** Describes an image model. */
export function describeImage(facts: ModelFacts, options: ModelOptions): ModelDescription {
  return find(images, facts).describe(facts, options);
}

const all: readonly Architecture[] = [...images, videomae, inflated(describeImage)];

/** Describes any known model; throws {@link UnsupportedArchitectureError} for an unknown one. */
export function describeModel(facts: ModelFacts, options: ModelOptions): ModelDescription {
  return find(all, facts).describe(facts, options);
}
