/** The plain JavaScript backend: always there, slow. */
import { findBackend, setBackend } from '@tensorflow/tfjs-core';
import { platform } from '#platform';
import { loadBackendPackage } from './load.ts';
import type { Running } from './running.ts';

export async function startCpu(): Promise<Running> {
  await loadBackendPackage('cpu', () => import('@tensorflow/tfjs-backend-cpu'));
  await setBackend('cpu');
  // On its first use in Node this backend prints an advertisement for tfjs-node.
  (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
  return {
    tfjsName: 'cpu',
    device: `JavaScript on ${platform.processor}`,
    limits: platform.machineMemory === undefined ? {} : { memory: platform.machineMemory },
    deterministic: true,
    settings: {},
    memory: platform.processMemory(),
  };
}
