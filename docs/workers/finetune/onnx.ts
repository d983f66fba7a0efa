/**
 * The trained model as an ONNX file, compared with ours in the page: by onnxruntime-web on one core, whose 14 MB of WebAssembly this
 * site serves itself, and which are loaded when a file is asked for and not before.
 */
import { classifierNetwork, exportOnnx, verifyOnnx } from '@dr2net/export';
import type { Loaded } from './model.ts';
import type { Told } from './protocol.ts';

async function runtime() {
  const loaded = await import('onnxruntime-web/wasm');
  // More threads want a page that is isolated from all others, which a reader's server need not give.
  loaded.env.wasm.numThreads = 1;
  return loaded;
}

/** @throws ExportMismatchError where the file and the model differ by more than 1e-4 of the largest logit */
export async function exported({ recognizer }: Loaded): Promise<Extract<Told, { type: 'exported' }>> {
  const { backbone, head, coefficients, method, read, labels } = recognizer;
  const network = classifierNetwork({ backbone, head, coefficients, method, read, labels });
  const model = await exportOnnx(network);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of model.chunks()) chunks.push(chunk as Uint8Array<ArrayBuffer>);
  const blob = new Blob(chunks, { type: 'application/octet-stream' });
  const { relative } = await verifyOnnx(network, new Uint8Array(await blob.arrayBuffer()), await runtime());
  return { type: 'exported', blob, relative };
}
