/** A detector as the planner sees it. */
import { objectDetection } from '@dr2net/detection';
import type { MemoryModel } from '@dr2net/memory';
import { UsageError } from '../../errors.ts';

/** @throws UsageError for a network whose memory is not known */
export function footprintOf(detector: Parameters<typeof objectDetection>[0]): MemoryModel {
  const model = objectDetection(detector);
  const footprint = model.footprint();
  if (footprint) return footprint;
  throw new UsageError(
    `--budget: the memory of this detector (${model.architecture}) cannot be predicted yet. Choose --method.`,
  );
}
