/** Goes on by itself after a graphics device was lost in the middle of a run: a new device, and the last checkpoint. */
import { currentBackend, DeviceLostError } from '@dr2net/backends';
import { StepFailedError } from '@dr2net/train';
import type { Output } from '../output.ts';
import { type FinetuneOutcome, type FinetuneSettings, runFinetune } from './finetune.ts';

/** The loss of a device that left a checkpoint to go on from. */
function lossOf(error: unknown): { readonly message: string; readonly step: number } | undefined {
  if (!(error instanceof StepFailedError && error.cause instanceof DeviceLostError && error.lastCheckpoint)) return;
  return { message: error.cause.message, step: error.lastCheckpoint.step };
}

/**
 * `runFinetune`, again with `resume` as long as each lost device left a newer checkpoint than the one before.
 * @throws whatever `runFinetune` throws otherwise
 */
export async function finetuneWithRestarts(
  asked: FinetuneSettings,
  output: Output,
  stop: AbortSignal,
  run: typeof runFinetune = runFinetune,
): Promise<FinetuneOutcome> {
  let settings = asked;
  let reached = -1;
  for (;;) {
    try {
      return await run(settings, output, stop);
    } catch (error) {
      const loss = lossOf(error);
      if (!loss || loss.step <= reached || stop.aborted) throw error;
      reached = loss.step;
      output.note(`${loss.message}\nA new device is started, and the run goes on from step ${loss.step}.`);
      currentBackend()?.dispose();
      settings = { ...settings, resume: true };
    }
  }
}
