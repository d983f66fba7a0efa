/** What the page offers the test process, and what it tells it. */
import type { BackendName } from '@dr2net/backends';
export interface Outcome {
  readonly name: string;
  /** Absent when it passed. */
  readonly failure?: string;
}

export interface Report {
  readonly backend: string;
  readonly device: string;
  readonly software: boolean;
  readonly outcomes: readonly Outcome[];
}

declare global {
  interface Window {
    /** Starts a backend and runs every check on it. */
    run(backend: BackendName): Promise<Report>;
  }
}
