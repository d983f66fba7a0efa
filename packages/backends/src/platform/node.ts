/** Node's side of {@link Platform}. */
import { cpus, totalmem } from 'node:os';
import { processProbe } from '../memory/process.ts';
import { findNodeGpu, installNodeGpu } from './nodeGpu.ts';
import { findNative, loadNative } from './nodeNative.ts';
import type { Platform } from './platform.ts';

const processors = cpus();

export const platform: Platform = {
  name: 'node',
  processor: `${processors[0]?.model.trim() ?? process.arch}, ${processors.length} threads, Node ${process.versions.node}`,
  machineMemory: totalmem(),
  processMemory: processProbe,
  findGpu: findNodeGpu,
  installGpu: installNodeGpu,
  findNative,
  loadNative,
};
