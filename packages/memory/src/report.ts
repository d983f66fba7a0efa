/** What a meter tells: peaks, by phase, a timeline. All figures in bytes. */
import type { TimelinePoint } from './timeline.ts';

/**
 * Where device bytes come from: what was really allocated (GPU buffers, the native library's allocator, the wasm heap,
 * the process). `@dr2net/backends` makes one for each backend.
 */
export interface DeviceProbe {
  /** What is counted, for people: `GPU buffers`, `wasm heap`, `process`. */
  readonly kind: string;
  /** Bytes now; undefined where it cannot be told. */
  current(): number | undefined;
  /** The most bytes since `resetPeak`. */
  peak(): number | undefined;
  resetPeak(): void;
}

/** What was really allocated: of the graphics card, the wasm heap, or the process. In bytes. */
export interface DeviceMemory {
  readonly kind: string;
  readonly startBytes: number;
  readonly peakBytes: number;
  readonly endBytes: number;
}

/** What one phase of a step took, in bytes. */
export interface PhaseMemory {
  readonly name: string;
  /** Logical bytes at most during the phase. */
  readonly peakBytes: number;
  readonly activationPeakBytes: number;
  /** Absent without a probe that can tell. */
  readonly devicePeakBytes?: number;
  readonly seconds: number;
}

/** What a meter tells: peaks, phases, a timeline. In bytes. */
export interface MemoryReport {
  readonly startBytes: number;
  readonly endBytes: number;
  readonly peakBytes: number;
  /**
   * The most that was alive at one moment besides what is in a category at that moment (variables, and what
   * `exclude` named: optimizer state, gradients).
   */
  readonly activationPeakBytes: number;
  /** Bytes by category when `peakBytes` was reached. */
  readonly categoriesAtPeak: Readonly<Record<string, number>>;
  readonly device?: DeviceMemory;
  /** In the order of their first beginning; a phase that began several times is one entry. */
  readonly phases: readonly PhaseMemory[];
  readonly timeline: readonly TimelinePoint[];
}
