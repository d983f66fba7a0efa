/** Events of the training loop as records of `metrics.jsonl`. */
import type { StepEvent } from '@dr2net/train';
import type { EpochRecord, EvaluationRecord, MemoryRecord, RunRecord, StepRecord } from '../report/run-log.ts';

export function stepRecord(event: StepEvent): StepRecord {
  const { step, epoch, samples, loss, accuracy, learningRate, alpha, beta, gradientNorm, memory, seconds } = event;
  const { anchors, anchorError, gradientError, outputChange } = event;
  return {
    kind: 'step',
    step,
    epoch,
    samples,
    loss,
    ...(accuracy === undefined ? {} : { accuracy }),
    learningRate,
    alpha,
    beta,
    ...(gradientNorm === undefined ? {} : { gradientNorm }),
    ...finite({ anchors, anchorError, gradientError, outputChange }),
    peakBytes: memory.peakBytes,
    activationBytes: memory.activationPeakBytes,
    ...(memory.device ? { deviceBytes: memory.device.peakBytes } : {}),
    seconds,
  };
}

/** The figures that JSON can hold. */
function finite<Name extends string>(
  figures: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> {
  const entries = Object.entries<number | undefined>(figures).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(entries) as Partial<Record<Name, number>>;
}

export function memoryRecord({ step, memory }: StepEvent): MemoryRecord {
  return { kind: 'memory', step, timeline: memory.timeline };
}

/** The record of an epoch: means over its steps, weighted by their samples. Undefined where it has no step. */
export function epochRecord(
  records: readonly RunRecord[],
  epoch: number,
  evaluation?: EvaluationRecord,
): EpochRecord | undefined {
  // After a resume a step may be there twice; the later one counts.
  const steps = [
    ...new Map(
      records.flatMap((record) => (record.kind === 'step' && record.epoch === epoch ? [[record.step, record]] : [])),
    ).values(),
  ];
  const last = steps.at(-1);
  if (!last) return undefined;
  const samples = sum(steps, (step) => step.samples);
  const accurate = steps.every(({ accuracy }) => accuracy !== undefined);
  return {
    kind: 'epoch',
    epoch,
    step: last.step,
    trainLoss: sum(steps, (step) => step.samples * step.loss) / samples,
    ...(accurate ? { trainAccuracy: sum(steps, (step) => step.samples * (step.accuracy ?? 0)) / samples } : {}),
    ...(evaluation ? { validation: validationOf(evaluation) } : {}),
    seconds: sum(steps, (step) => step.seconds),
  };
}

/** The figures of an evaluation that a curve shows. */
function validationOf(evaluation: EvaluationRecord): EpochRecord['validation'] & {} {
  const { kind: _, classes: __, confusion: ___, iou: ____, stats: _____, categories: ______, ...figures } = evaluation;
  return figures;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
