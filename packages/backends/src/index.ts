export type { Backend, BackendLimits, DeviceMemoryProbe, KernelCoverage, StartOptions } from './contract.ts';
export * from './errors.ts';
export { whyUnavailable } from './find.ts';
export { neededKernels } from './kernels.ts';
export { type BackendName, backendName, backendNames } from './names.ts';
export { startBackend } from './start.ts';
