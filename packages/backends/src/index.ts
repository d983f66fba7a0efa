export type { Backend, BackendLimits, DeviceMemoryProbe, KernelCoverage, StartOptions } from './contract.ts';
export { type BackendReport, describeBackends, formatBackends } from './describe.ts';
export * from './errors.ts';
export { whyUnavailable } from './find.ts';
export { neededKernels } from './kernels.ts';
export { type BackendName, backendName, backendNames } from './names.ts';
export { currentBackend, deviceMemory, startBackend } from './start.ts';
