/** The backends that a suite runs on: each that this machine has, and a visible line for each that it lacks. */
import { type BackendName, backendName, startBackend, whyUnavailable } from '@dr2net/backends';

export interface TestBackend {
  readonly name: BackendName;
  readonly available: boolean;
  /** Why it is skipped, where it is. */
  readonly skipReason?: string;
  /** Starts it and makes it the current backend: call it in `beforeAll`. */
  start(): Promise<void>;
}

const all: readonly BackendName[] = ['cpu', 'wasm', 'node', 'webgpu'];

/** `DR2NET_TEST_BACKENDS=cpu,wasm` restricts a run to these. */
function wanted(): readonly BackendName[] {
  const list = process.env.DR2NET_TEST_BACKENDS;
  return list ? list.split(',').map((name) => backendName(name.trim())) : all;
}

/**
 * The backends to test on; those that cannot start here have `available: false`, and a line on standard error says why
 * and how to get them. One suite for each:
 *
 *     describe.each(await testBackends())('$name', ({ available, start }) => {
 *       describe.skipIf(!available)('matMul', () => {
 *         beforeAll(start);
 *         test(…);
 *       });
 *     });
 */
export async function testBackends(names: readonly BackendName[] = wanted()): Promise<TestBackend[]> {
  const backends: TestBackend[] = [];
  for (const name of names) {
    const unavailable = await whyUnavailable(name);
    if (unavailable) console.warn(`SKIPPED backend '${name}': ${unavailable.reason} ${unavailable.remedy}`);
    backends.push({
      name,
      available: unavailable === undefined,
      ...(unavailable ? { skipReason: unavailable.message } : {}),
      start: async () => {
        await startBackend(name);
      },
    });
  }
  return backends;
}
