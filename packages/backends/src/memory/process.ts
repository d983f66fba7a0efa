/** The resident set of this process, with the kernel's own peak on Linux. Node only. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { DeviceMemoryProbe } from '../contract.ts';
import { samplingProbe } from './sampling.ts';

const kind = 'process resident set';

/** A line of /proc/self/status in bytes, e.g. `VmHWM:   123 kB`. */
function status(field: string): number | undefined {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return line ? Number(line[1]) * 1024 : undefined;
}

/** The kernel keeps the peak (VmHWM) and lets a process reset its own. */
function linuxProbe(): DeviceMemoryProbe {
  return {
    kind,
    current: () => status('VmRSS'),
    peak: () => status('VmHWM'),
    resetPeak: () => writeFileSync('/proc/self/clear_refs', '5'),
  };
}

export function processProbe(): DeviceMemoryProbe {
  try {
    const probe = linuxProbe();
    probe.resetPeak();
    if (probe.peak() !== undefined) return probe;
  } catch {
    // Not Linux, or a container that hides or protects /proc: the peak is then the most that was ever read.
  }
  return samplingProbe(kind, () => process.memoryUsage().rss);
}
