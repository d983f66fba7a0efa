/** A saved model as an ONNX file, compared with the model that it was made of. */
import { type ExportedNetwork, exportOnnx, type OnnxDifference, verifyOnnx } from '@dr2net/export';
import { formatBytes } from '@dr2net/memory';
import type { Output } from '../output.ts';
import { loadExported } from './load.ts';
import type { ExportOptions } from './options.ts';
import { onnxRuntime } from './runtime.ts';
import { checkTarget, writeChecked } from './target.ts';

type Verify = (path: string) => Promise<OnnxDifference>;

/** What compares a file, or null where it is not compared. */
async function comparison(
  network: ExportedNetwork,
  { verify, batch }: ExportOptions,
  output: Output,
): Promise<Verify | null> {
  const runtime = verify ? await onnxRuntime(output.note) : null;
  if (!runtime) return null;
  return async (path) => {
    output.note('comparing with the model by onnxruntime');
    return verifyOnnx(network, path, runtime, batch === undefined ? {} : { batches: [batch] });
  };
}

/**
 * @throws UsageError for a path that is taken, a model that cannot be exported; ExportMismatchError where file and model differ: then there
 * is no file
 */
export async function exportModel(options: ExportOptions, output: Output): Promise<void> {
  const { model, out, batch, points, force = false } = options;
  await checkTarget(out, '.onnx', force);
  const { network, dispose } = await loadExported(model, points, {
    backend: options.backend,
    started: ({ name, device }) => output.note(`backend ${name}: ${device}`),
  });
  try {
    const verify = await comparison(network, options, output);
    output.note('recording the network');
    const file = await exportOnnx(network, batch === undefined ? {} : { batch });
    const count = Object.values(file.operators).reduce((sum, each) => sum + each, 0);
    output.note(`writing ${formatBytes(file.bytes)}, ${count} operators`);
    let difference: OnnxDifference | undefined;
    await writeChecked(out, file.chunks(), async (path) => {
      difference = await verify?.(path);
    });
    const compared = difference
      ? `compared by onnxruntime: largest difference ${difference.relative.toExponential(1)} of the largest output`
      : 'not compared';
    const { 'dr2net.alpha': alpha, 'dr2net.beta': beta } = network.metadata;
    output.line(`${out}: ${network.name} at α = ${alpha}, β = ${beta}; ${formatBytes(file.bytes)}, ${compared}`);
    output.result({
      ...{ model, format: options.format, out, bytes: file.bytes, operators: file.operators },
      ...{ inputs: network.inputs, outputs: network.outputs, metadata: network.metadata },
      difference: difference ?? null,
    });
  } finally {
    dispose();
  }
}
