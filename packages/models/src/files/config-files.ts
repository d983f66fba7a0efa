/** The JSON files of a model folder. */
import { ConfigReader } from '../architectures/config.ts';
import { ConfigError, ModelSourceError } from '../errors.ts';
import type { ModelSource } from './chosen-folder.ts';
import type { ModelFiles } from './model-files.ts';
import { openSource, type SourceOptions } from './source.ts';

async function readJson(files: ModelFiles, file: string): Promise<Record<string, unknown> | null> {
  const text = await files.text(file);
  if (text === null) return null;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(`${files.name}: ${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
  throw new ConfigError(`${files.name}: ${file} is not a JSON object.`);
}

/** The model's configuration; throws {@link ModelSourceError} when there is none. */
export async function readConfig(files: ModelFiles): Promise<ConfigReader> {
  const json = await readJson(files, 'config.json');
  if (!json) {
    // The folder of a finetuning run, which holds its model in another.
    const within = (await files.text('model/config.json').catch(() => null)) !== null;
    const remedy = within
      ? `Its folder model has one: give ${files.name.replace(/\/$/, '')}/model.`
      : 'A model folder holds config.json and model.safetensors (or model.safetensors.index.json and its shards).';
    throw new ModelSourceError(`${files.name} has no config.json. ${remedy}`);
  }
  return new ConfigReader(json, `${files.name}: config.json`);
}

/**
 * The `config.json` of a model, as it was read: what kind of model it is, before it is loaded.
 * @param source a folder (Node), an http(s) address of one, or a hub id `owner/name`
 * @throws {ModelSourceError | ConfigError}
 */
export async function readModelConfig(
  source: ModelSource,
  options: SourceOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  return (await readConfig(await openSource(source, options))).json;
}

/** What is known of the pixels; empty where there is no such file. */
export async function readPreprocessor(files: ModelFiles): Promise<ConfigReader> {
  return new ConfigReader((await readJson(files, 'preprocessor_config.json')) ?? {}, 'preprocessor_config.json');
}
