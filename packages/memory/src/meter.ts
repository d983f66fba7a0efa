/** A live meter of memory: peaks at the granularity of single allocations, by phase, with what is not activation set apart. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Ledger, sharedLedger } from './ledger.ts';
import { MemoryLimitError } from './limit.ts';
import type { DeviceMemory, DeviceProbe, MemoryReport, PhaseMemory } from './report.ts';
import { Timeline } from './timeline.ts';

/** What a meter is told. */
export interface MeterOptions {
  /** Adds device bytes to the report. */
  readonly probe?: DeviceProbe;
  /** The most points of the timeline (default 512; 0 keeps none). */
  readonly points?: number;
  /** While more logical bytes than this are alive, kernels throw a `MemoryLimitError`. Default: no limit. */
  readonly limit?: number;
}

interface PhaseRecord {
  peakBytes: number;
  activationPeakBytes: number;
  devicePeakBytes: number | undefined;
  seconds: number;
}

/** The largest of those that are known. */
function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** The phase before the first `phase(name)`. */
const START = 'start';

/**
 * Measures from its making until `stop()`. Logical bytes are bytes of distinct data buffers: `tf.memory().numBytes`
 * counts a buffer again for every clone and reshape of it, a meter does not. (What was alive before the first running
 * meter was made is taken from `numBytes`, so clones alive at that moment count twice until the last meter stops.)
 *
 * Meters may overlap; each has its own window, all share the categories.
 */
export class Meter {
  readonly #ledger: Ledger = sharedLedger();
  readonly #probe: DeviceProbe | undefined;
  readonly #timeline: Timeline | undefined;
  readonly #release: () => void;
  readonly #phases = new Map<string, PhaseRecord>();
  #phase = START;
  #record: PhaseRecord;
  #windowStart = 0;
  #phaseStart = 0;
  #startBytes = 0;
  #deviceStart: number | undefined;
  #peakBytes = 0;
  #atPeak: Record<string, number> = {};
  #stopped: MemoryReport | undefined;

  constructor({ probe, points = 512, limit }: MeterOptions = {}) {
    this.#probe = probe;
    this.#timeline = points > 1 ? new Timeline(points) : undefined;
    const releases = [this.#ledger.observe(() => this.#observe())];
    if (limit !== undefined) releases.push(this.#ledger.guard(() => this.#requireBelow(limit)));
    this.#release = () => {
      for (const release of releases) release();
    };
    this.#record = this.#begin(START);
    this.reset();
  }

  /** Logical bytes now. */
  get bytes(): number {
    return this.#ledger.bytes;
  }

  /** Logical bytes now that are in no category. */
  get activationBytes(): number {
    return this.#ledger.bytes - this.#ledger.excluded;
  }

  /** Begins a phase (`forward`, `head`, `backward`, `optimizer`, …); the one before ends. */
  phase(name: string): void {
    this.#endPhase();
    this.#record = this.#begin(name);
    this.#observe();
  }

  /**
   * Sets memory apart that is no activation. A tensor's buffer stays in the category until it is released; a number
   * (bytes) stays until it is taken back by its negative. Variables are set apart without being named.
   */
  exclude(what: Tensor | readonly Tensor[] | number, category: string): void {
    if (typeof what === 'number') this.#ledger.adjust(what, category);
    else if ('dataId' in what) this.#ledger.categorize(what, category);
    else for (const tensor of what) this.#ledger.categorize(tensor, category);
  }

  /** Begins a new window: peaks, phases and timeline start from what is alive now. */
  reset(): void {
    this.#windowStart = performance.now();
    this.#phases.clear();
    this.#timeline?.clear();
    this.#startBytes = this.#ledger.bytes;
    this.#peakBytes = Number.NEGATIVE_INFINITY;
    this.#deviceStart = this.#probe?.current();
    this.#probe?.resetPeak();
    this.#record = this.#begin(START);
    this.#observe();
  }

  /** The report of the window so far. */
  read(): MemoryReport {
    if (this.#stopped) return this.#stopped;
    this.#endPhase();
    const phases: PhaseMemory[] = [...this.#phases]
      .filter(([name, record]) => name !== START || record.seconds > 0)
      .map(([name, { devicePeakBytes, ...record }]) => ({
        name,
        ...record,
        ...(devicePeakBytes !== undefined && { devicePeakBytes }),
      }));
    return {
      startBytes: this.#startBytes,
      endBytes: this.#ledger.bytes,
      peakBytes: this.#peakBytes,
      activationPeakBytes: Math.max(...[...this.#phases.values()].map((record) => record.activationPeakBytes)),
      categoriesAtPeak: this.#atPeak,
      ...this.#device(),
      phases,
      timeline: [...(this.#timeline?.points ?? [])],
    };
  }

  /** Ends measuring, takes the hooks off when this was the last meter, and gives the report. */
  stop(): MemoryReport {
    this.#stopped ??= this.read();
    this.#release();
    return this.#stopped;
  }

  #requireBelow(limit: number): void {
    const { bytes } = this;
    if (bytes > limit) throw new MemoryLimitError(bytes, limit);
  }

  #begin(name: string): PhaseRecord {
    this.#phase = name;
    this.#phaseStart = performance.now();
    const known = this.#phases.get(name);
    if (known) return known;
    const record = {
      peakBytes: Number.NEGATIVE_INFINITY,
      activationPeakBytes: Number.NEGATIVE_INFINITY,
      devicePeakBytes: undefined,
      seconds: 0,
    };
    this.#phases.set(name, record);
    return record;
  }

  #endPhase(): void {
    const now = performance.now();
    this.#record.seconds += (now - this.#phaseStart) / 1000;
    this.#phaseStart = now;
    if (!this.#probe) return;
    this.#record.devicePeakBytes = highest([this.#record.devicePeakBytes, this.#probe.peak()]);
    this.#probe.resetPeak();
  }

  /** Device bytes, where there is a probe that can tell. */
  #device(): { device?: DeviceMemory } {
    const startBytes = this.#deviceStart;
    const peakBytes = highest([...this.#phases.values()].map((record) => record.devicePeakBytes));
    const endBytes = this.#probe?.current();
    if (!this.#probe || startBytes === undefined || peakBytes === undefined || endBytes === undefined) return {};
    return { device: { kind: this.#probe.kind, startBytes, peakBytes, endBytes } };
  }

  #observe(): void {
    const { bytes, excluded } = this.#ledger;
    const activationBytes = bytes - excluded;
    if (bytes > this.#record.peakBytes) this.#record.peakBytes = bytes;
    if (activationBytes > this.#record.activationPeakBytes) this.#record.activationPeakBytes = activationBytes;
    // `>=`: a tensor is named just after it was allocated, so the categories of a peak are known a moment later.
    if (bytes >= this.#peakBytes) {
      this.#peakBytes = bytes;
      this.#atPeak = Object.fromEntries(this.#ledger.categories);
    }
    this.#timeline?.add({
      seconds: (performance.now() - this.#windowStart) / 1000,
      bytes,
      activationBytes,
      phase: this.#phase,
    });
  }
}

/** Starts a {@link Meter}. */
export function meter(options?: MeterOptions): Meter {
  return new Meter(options);
}

/**
 * Runs `fn` and reports the memory it took. The hooks come off also when it throws.
 * @returns what `fn` returned (its tensors are the caller's) and the report
 */
export async function track<T>(
  fn: (meter: Meter) => T | Promise<T>,
  options?: MeterOptions,
): Promise<{ result: T; memory: MemoryReport }> {
  const running = meter(options);
  try {
    const result = await fn(running);
    return { result, memory: running.stop() };
  } finally {
    running.stop();
  }
}
