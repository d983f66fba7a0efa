/** A network as an ONNX model. */

import { tracedBatches } from '../graph/dim.ts';
import { settle } from '../graph/settle.ts';
import type { ExportedNetwork } from '../network.ts';
import { record } from '../record/record.ts';
import { onnxFile } from './model.ts';

/** What {@link exportOnnx} is told. */
export interface OnnxOptions {
  /** Samples that the model takes at a time. Default: any number, where the network can be said so. */
  readonly batch?: number;
}

/** An ONNX file that is written piece by piece. */
export interface OnnxModel {
  /** Of the whole file. */
  readonly bytes: number;
  /** Operators by name, and how many of each. */
  readonly operators: Readonly<Record<string, number>>;
  /** The file from its beginning; parameters are read from their backend one after the other. */
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * Writes down what the network does by running it without arithmetic, at two batches where the file is to take any.
 * @param network borrowed until the last chunk is read
 * @throws ExportError for a network that is no fixed graph, for operations that ONNX files of ours do not have, for a batch that is no whole number of at least
 * 1, and for more than 2 GB
 */
export async function exportOnnx(
  network: ExportedNetwork,
  { batch = network.batch }: OnnxOptions = {},
): Promise<OnnxModel> {
  const [small, large] = batch === undefined ? tracedBatches : [batch, batch];
  const first = await record(network, small);
  const graph = settle(first, small === large ? first : await record(network, large));
  const inputs = Object.fromEntries(network.inputs.map(({ name, description }) => [name, description]));
  const { bytes, operators, pieces } = onnxFile(graph, {
    name: network.name,
    description: `${network.name}, finetuned with dr2net; its metadata say how its input is made.`,
    metadata: network.metadata,
    describe: { ...inputs, ...network.outputs },
  });
  return {
    bytes,
    operators,
    async *chunks() {
      for (const piece of pieces) yield piece instanceof Uint8Array ? piece : await piece.read();
    },
  };
}
