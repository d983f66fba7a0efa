/** A probe over a figure that can only be read, not watched: its peak is the most that was ever read. */
import type { DeviceMemoryProbe } from '../contract.ts';

/**
 * @param kind what is counted
 * @param read bytes now, or undefined where it cannot be told
 */
export function samplingProbe(kind: string, read: () => number | undefined): DeviceMemoryProbe {
  let peak = read();
  const sample = () => {
    const now = read();
    if (now !== undefined) peak = Math.max(peak ?? 0, now);
    return now;
  };
  return {
    kind,
    current: sample,
    peak: () => {
      sample();
      return peak;
    },
    resetPeak: () => {
      peak = read();
    },
  };
}
