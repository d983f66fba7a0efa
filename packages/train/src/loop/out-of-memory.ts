/** Whether an error says that the device has no memory left (and not that one tensor is too large for it, which no method mends). */

/** TensorFlow's, WebGPU's and JavaScript's own words. */
const words =
  /\bOOM when allocating|RESOURCE_EXHAUSTED|ResourceExhausted|out of memory|Array buffer allocation failed/i;

export function isOutOfMemory(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'DeviceOutOfMemoryError' || words.test(error.message));
}
