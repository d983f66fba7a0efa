/** onnxruntime in Node, where it is installed. */

/** @returns null where it is not, or cannot run here; `note` is told how to get it */
export async function onnxRuntime(note: (text: string) => void) {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    const why =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' ? 'not installed' : error;
    note(`not compared with the model: onnxruntime-node is ${why}; npm install onnxruntime-node, or give --no-verify`);
    return null;
  }
}
