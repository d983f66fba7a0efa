/** The backends of a run: those that are there, and what names its folder. */
import { join } from 'node:path';
import { type BackendName, BackendUnavailableError, startBackend, whyUnavailable } from '@dr2net/backends';
import { provenance, repositoryRoot } from 'jobs';

export interface FoundBackends {
  readonly names: BackendName[];
  /** A line each: why it is not there, and what to do. */
  readonly absent: string[];
}

/** Of those asked for, the ones that can start here. */
export async function findBackends(asked: readonly BackendName[]): Promise<FoundBackends> {
  const found: FoundBackends = { names: [], absent: [] };
  for (const name of asked) {
    const why = await whyUnavailable(name);
    if (why) found.absent.push(`SKIPPED ${name}: ${why.reason} ${why.remedy}`);
    else found.names.push(name);
  }
  return found;
}

/** Where none is named: what is there, webgpu only on a real graphics device. */
export async function findAllBackends(): Promise<FoundBackends> {
  const rest = await findBackends(['node-gpu', 'node', 'wasm']);
  try {
    const { dispose } = await startBackend('webgpu', { allowSoftware: false, selfTest: false });
    dispose();
    return { ...rest, names: ['webgpu', ...rest.names] };
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    return { ...rest, absent: [...rest.absent, `SKIPPED webgpu: ${error.reason} ${error.remedy}`] };
  }
}

/** A word of the name that tells one adapter from another: `epyc`, `llvmpipe`, `nvidia-h100`. */
export function slug(words: string): string {
  const cleaned = words.replace(
    /\((?:r|tm)\)|@.*|\b(?:cpu|processor|geforce|amd|intel|google|emulated by the)\b/gi,
    ' ',
  );
  const parts = cleaned.toLowerCase().match(/[a-z0-9]+/g) ?? ['unknown'];
  return parts[0] === 'nvidia' ? parts.slice(0, 2).join('-') : (parts[0] ?? 'unknown');
}

/** `wasm-epyc`, `webgpu-llvmpipe`; of several backends the processor alone. */
export async function adapterName(backends: readonly BackendName[]): Promise<string> {
  const { processor } = provenance().machine;
  const [only] = backends;
  if (backends.length !== 1 || only === undefined) return slug(processor);
  if (only !== 'webgpu') return `${only}-${slug(processor)}`;
  const { device, dispose } = await startBackend('webgpu', { selfTest: false });
  dispose();
  return `webgpu-${slug(device)}`;
}

/** Where results go by default: `results/<date>-<what>`. */
export function resultFolder(what: string): string {
  return join(repositoryRoot, 'results', `${new Date().toISOString().slice(0, 10)}-${what}`);
}
