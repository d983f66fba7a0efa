/** The class names of a published configuration: `id2label` and `label2id`. */
import { ConfigError } from '../errors.ts';

/** The names in the order of their numbers; null when the configuration has none. */
export function readLabels(config: Readonly<Record<string, unknown>>): string[] | null {
  const { id2label } = config;
  if (id2label === undefined || id2label === null) return null;
  if (typeof id2label !== 'object')
    throw new ConfigError(`id2label is ${JSON.stringify(id2label)}; it must be an object.`);
  const entries = Object.entries(id2label);
  const labels = new Array<string>(entries.length);
  for (const [id, label] of entries) {
    const index = Number(id);
    if (!(Number.isInteger(index) && index >= 0 && index < entries.length))
      throw new ConfigError(
        `id2label has the number ${id} among ${entries.length} classes; they must count 0, 1, 2, ….`,
      );
    labels[index] = String(label);
  }
  return labels;
}

/** `id2label` and `label2id` of class names. */
export function writeLabels(labels: readonly string[]): Record<string, unknown> {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}
