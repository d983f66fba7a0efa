/** What this browser can run, in words. */
import { whyUnavailable } from '@dr2net/backends';

export interface Environment {
  readonly webgpu: boolean;
  readonly words: string;
}

export async function lookAround(): Promise<Environment> {
  const why = await whyUnavailable('webgpu');
  if (why)
    return {
      webgpu: false,
      words: `No WebGPU here: ${why.reason} ${why.remedy} The processor can be measured all the same, with wasm.`,
    };
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  const { vendor = '', architecture = '', device = '', description = '' } = adapter?.info ?? {};
  const words = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'an adapter without a name';
  return { webgpu: true, words: `WebGPU on ${words}; ${navigator.hardwareConcurrency} processor threads.` };
}
