/** Where a page's result was made. */
import type { Provenance } from 'bench-core';

/** Put in by the bundler. */
declare const __COMMIT__: string;
declare const __VERSIONS__: Readonly<Record<string, string>>;

export function pageProvenance(): Provenance {
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  return {
    machine: {
      processor: 'processor not told by the browser',
      cores: navigator.hardwareConcurrency,
      // In GiB, and never more than 8.
      ...(deviceMemory !== undefined && { memoryBytes: deviceMemory * 2 ** 30 }),
      platform: navigator.userAgent,
    },
    versions: __VERSIONS__,
    commit: __COMMIT__,
    date: new Date().toISOString(),
  };
}
