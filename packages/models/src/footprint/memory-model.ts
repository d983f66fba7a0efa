/** A model as the planner of `@dr2net/memory` sees it, from its configuration alone: no weights, no backend. */
import { type DryEngine, dryClassifier, dryLayerNorm, type KernelFamily, type MemoryModel } from '@dr2net/memory';
import { ConfigReader } from '../architectures/config.ts';
import { inflatedSpec } from '../architectures/inflated.ts';
import type { ModelOptions } from '../architectures/options.ts';
import { publishedConfig, publishedNames } from '../architectures/published.ts';
import { describeModel } from '../architectures/registry.ts';
import type { HeadForm, Pooling } from '../backbone.ts';
import { parameterShape } from '../checkpoint/layout.ts';
import { ModelOptionError, ModelSourceError } from '../errors.ts';
import { readConfig } from '../files/config-files.ts';
import { openSource, type SourceOptions } from '../files/source.ts';
import { planHead } from '../heads/classification-head.ts';
import { inflationOf, type LoadOptions, withHead } from '../load.ts';
import { suggestion } from '../nearest.ts';
import { readOwnConfig } from '../own-config.ts';
import type { Names } from '../transformer/names.ts';
import { planParameters } from '../transformer/plan.ts';
import { type TransformerSpec, tokenCount } from '../transformer/spec.ts';
import { blockArithmetic, drySubBlocks } from './blocks.ts';
import { dryHead } from './head.ts';
import { planned as parametersOf, sizeOf } from './place.ts';
import { dryStem } from './stem.ts';

/** The head of a classifier whose memory is planned. */
export interface MemoryHead {
  readonly classes: number;
  /** Default: as the architecture is published. */
  readonly pooling?: Pooling;
  readonly dropout?: number;
}

interface Described {
  readonly spec: TransformerSpec;
  readonly names: Names;
}

/** `16×224²`, `224²` */
function inputTitle({ input }: TransformerSpec): string {
  return `${input.kind === 'video' ? `${input.frames}×` : ''}${input.size}²`;
}

function headForm({ head, norm }: TransformerSpec, pooling: Pooling = head.pooling): HeadForm {
  return { ...head, pooling, norm: head.norm ?? (norm ? null : 'fc_norm') };
}

/** Multiplications with additions of a forward pass of one sample. */
function arithmetic(spec: TransformerSpec, tokens: number): MemoryModel['arithmetic'] {
  const { width, patch, tubelet, input } = spec;
  return {
    subBlocks: blockArithmetic(spec, tokens),
    rest: tokens * tubelet * patch * patch * input.channels * width,
  };
}

/** The model of a description, under a head for so many classes. */
export function memoryModelOf({ spec, names }: Described, { classes, pooling, dropout = 0 }: MemoryHead): MemoryModel {
  if (!Number.isSafeInteger(classes) || classes < 1)
    throw new ModelOptionError(`classes ${classes} is not a whole number of at least 1.`);
  const tokens = tokenCount(spec);
  const form = headForm(spec, pooling);
  const backbone = planParameters(spec, names);
  const head = planHead(form, { width: spec.width, prefixTokens: spec.prefix.length, classes });
  const planned = [...backbone, ...head].map(({ name, layout }) => ({ name, shape: parameterShape(layout) }));
  const { frames, size, channels } = spec.input;
  return {
    title: `${spec.architecture}, width ${spec.width}, ${spec.depth} blocks, ${inputTitle(spec)}`,
    words: { samples: 'clips', less: 'fewer frames, a smaller size' },
    subBlocks: 2 * spec.depth,
    stateSize: tokens * spec.width,
    parameterCount: sizeOf(planned),
    arithmetic: arithmetic(spec, tokens),
    build(engine: DryEngine, family: KernelFamily, { batch, chunks }) {
      const { parameters, take } = parametersOf(engine, planned);
      const at = { engine, family, spec, batch, tokens, take, chunks };
      return dryClassifier(engine, {
        parameters,
        headParameters: new Set(parameters.slice(backbone.length)),
        stem: dryStem(at),
        subBlocks: drySubBlocks(at),
        norm: spec.norm
          ? dryLayerNorm(engine, family, { gain: at.take('norm.gain'), bias: at.take('norm.bias') })
          : null,
        head: dryHead(at, form, dropout),
        pixels: batch * frames * size * size * channels,
        targets: batch * classes,
      });
    },
  };
}

/**
 * The model of a configuration in its published form (`config.json`).
 * @throws {UnsupportedArchitectureError | ConfigError | ModelOptionError}
 */
export function memoryModel(
  config: Readonly<Record<string, unknown>>,
  head: MemoryHead,
  options: ModelOptions = {},
): MemoryModel {
  return memoryModelOf(described(new ConfigReader(config, 'the configuration'), options), head);
}

/** As `loadBackbone` makes it: an image model with frames is inflated. */
function described(config: ConfigReader, options: ModelOptions): Described {
  const description = describeModel({ config, preprocessor: new ConfigReader({}), keys: new Set() }, options);
  const inflation = inflationOf(description, options);
  const { spec, names } = withHead(description, readOwnConfig(config).head);
  return { spec: inflation ? inflatedSpec(spec, inflation.frames, inflation.tubelet) : spec, names };
}

/**
 * The numbers of a transformer from its `config.json`, without weights.
 * @throws {UnsupportedArchitectureError | ConfigError | ModelOptionError}
 */
export function transformerSpec(
  config: Readonly<Record<string, unknown>>,
  options: ModelOptions = {},
): TransformerSpec {
  return described(new ConfigReader(config, 'the configuration'), options).spec;
}

/**
 * The `config.json` of a folder, an http(s) address or a hub id, or of a published size by name (`dinov2-small`).
 * @throws {ModelSourceError | ConfigError} which names the nearest published size
 */
export async function readPublishedConfig(
  source: string,
  options: SourceOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  return (await configOf(source, options)).json;
}

async function configOf(source: string, options: Partial<Record<keyof SourceOptions, unknown>>): Promise<ConfigReader> {
  const published = publishedConfig(source);
  return published ? new ConfigReader(published.config, source) : readConfig(await openOrSuggest(source, options));
}

/**
 * The model of a folder, an http(s) address or a hub id, from its `config.json` alone, or of a published size by name
 * (`videomae-base`).
 * @throws {ModelSourceError | UnsupportedArchitectureError | ConfigError | ModelOptionError}
 */
export async function loadMemoryModel(
  source: string,
  head: MemoryHead,
  { endpoint, revision, cache, fetch, ...options }: LoadOptions = {},
): Promise<MemoryModel> {
  const published = publishedConfig(source);
  const config = await configOf(source, { endpoint, revision, cache, fetch });
  const model = memoryModelOf(described(config, options), head);
  return published && options.depth === undefined
    ? { ...model, title: model.title.replace(/^.*, /, `${published.title}, `) }
    : model;
}

async function openOrSuggest(source: string, options: Partial<Record<keyof SourceOptions, unknown>>) {
  try {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return await openSource(source, Object.fromEntries(given) as SourceOptions);
  } catch (error) {
    if (!(error instanceof ModelSourceError)) throw error;
    const near = suggestion(source, publishedNames);
    throw new ModelSourceError(`${error.message} Published sizes by name: ${publishedNames.join(', ')}${near}.`, {
      cause: error,
    });
  }
}
