/** TensorFlow's own allocator, read through the addon of `native/memstats.cc`. */
import type { DeviceMemoryProbe } from '../contract.ts';

/** The addon's functions. Figures in bytes. */
export interface AllocatorStatistics {
  read(device: 'cpu' | 'gpu'): {
    readonly bytesInUse: number;
    readonly peakBytesInUse: number;
    /** −1 where there is none. */
    readonly limit: number;
  } | null;
  clearPeak(device: 'cpu' | 'gpu'): boolean;
}

export function allocatorProbe(statistics: AllocatorStatistics, device: 'cpu' | 'gpu'): DeviceMemoryProbe {
  return {
    kind: 'tensorflow allocator',
    current: () => statistics.read(device)?.bytesInUse,
    peak: () => statistics.read(device)?.peakBytesInUse,
    resetPeak: () => {
      statistics.clearPeak(device);
    },
  };
}
