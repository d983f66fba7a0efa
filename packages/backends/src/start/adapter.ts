/** Finds a WebGPU adapter and makes a device of it with everything that kernels here may use. */
import { platform } from '#platform';
import { BackendUnavailableError } from '../errors.ts';

const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/** Features that custom kernels use where they are there. */
const features = ['timestamp-query', 'shader-f16', 'subgroups'] as const satisfies readonly GPUFeatureName[];

/** Limits that are asked for as high as the adapter goes; a device otherwise gets the standard's minimum. */
const limits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export interface FoundAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  /** The adapter in words. */
  readonly words: string;
  /** Whether the processor does the work. */
  readonly software: boolean;
}

/** @throws BackendUnavailableError */
export async function findAdapter(): Promise<FoundAdapter> {
  const gpu = await platform.findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter)
    throw new BackendUnavailableError(
      'webgpu',
      'WebGPU is here, but finds no graphics device.',
      platform.name === 'node'
        ? 'Install the Vulkan driver of your GPU, or a software one (Mesa lavapipe 24 or newer: mesa-vulkan-drivers; VK_DRIVER_FILES selects a driver).'
        : 'Turn on hardware acceleration in the browser, or use wasm.',
    );
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const words = description || [vendor, architecture, device].filter(Boolean).join(' ') || 'an unnamed adapter';
  return {
    gpu,
    adapter,
    words,
    software: isFallbackAdapter || softwareNames.test(`${words} ${architecture} ${device}`),
  };
}

export async function makeDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  return adapter.requestDevice({
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map((limit) => [limit, adapter.limits[limit]])),
  });
}
