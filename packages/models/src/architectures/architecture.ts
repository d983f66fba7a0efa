/** What an architecture file gives: from a published `config.json` to the numbers and names of a transformer. */
import type { Names } from '../transformer/names.ts';
import type { TransformerSpec } from '../transformer/spec.ts';
import type { ConfigReader } from './config.ts';
import type { ModelOptions } from './options.ts';

/** What is known of a model before its weights are read. */
export interface ModelDescription {
  readonly spec: TransformerSpec;
  readonly names: Names;
  /** The size that the checkpoint's position table is for. */
  readonly checkpointSize: number;
  /** The time steps that the checkpoint's temporal table is for (inflated models). */
  readonly checkpointSteps?: number;
  /** `config.json` with what the options changed. */
  readonly config: Record<string, unknown>;
}

/** Where a description is made from. */
export interface ModelFacts {
  readonly config: ConfigReader;
  /** `preprocessor_config.json`, empty when there is none. */
  readonly preprocessor: ConfigReader;
  /** The keys of the checkpoint; empty for a new model. */
  readonly keys: ReadonlySet<string>;
}

export interface Architecture {
  /** The `model_type` (Hugging Face), or a pattern of timm's `architecture`. */
  readonly modelType: string | RegExp;
  /** For messages. */
  readonly title: string;
  describe(facts: ModelFacts, options: ModelOptions): ModelDescription;
}
