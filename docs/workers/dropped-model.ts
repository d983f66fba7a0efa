/** A model among dropped files: `config.json`, `model.safetensors` and what lies beside them, as the command line saves it. */
import type { SourceOptions } from '@dr2net/models';
import type { UserFile } from './user-file.ts';

/** Where a loader takes the model from: an address that nobody has, and what answers in its place. */
export interface DroppedModel {
  readonly url: string;
  readonly options: Pick<SourceOptions, 'fetch' | 'cache'>;
}

const weights = 'model.safetensors';
const configuration = 'config.json';
const nameOf = ({ path }: UserFile) => path.split('/').at(-1) ?? path;

/**
 * Undefined where none of the files is of a model.
 * @throws Error where the weights or the configuration are missing, or there are two models
 */
export function droppedModel(files: readonly UserFile[]): DroppedModel | undefined {
  for (const name of [weights, configuration]) {
    const all = files.filter((file) => nameOf(file) === name);
    if (all.length > 1)
      throw new Error(
        `There are ${all.length} files ${name}: ${all.map(({ path }) => path).join(', ')}. Drop one model.`,
      );
  }
  const byName = new Map(files.map((dropped) => [nameOf(dropped), dropped.file]));
  const [hasWeights, hasConfiguration] = [byName.has(weights), byName.has(configuration)];
  if (!hasWeights && !hasConfiguration) return undefined;
  if (!hasWeights || !hasConfiguration) {
    const [there, missing] = hasWeights ? [weights, configuration] : [configuration, weights];
    throw new Error(`There is ${there} and no ${missing}: a model is both. Drop the whole folder "model" of a run.`);
  }
  return {
    url: 'http://dropped/',
    options: {
      cache: false,
      fetch: async (address) => {
        const file = byName.get(new URL(address).pathname.slice(1));
        return file
          ? new Response(file, { headers: { 'content-length': String(file.size) } })
          : new Response(null, { status: 404 });
      },
    },
  };
}
