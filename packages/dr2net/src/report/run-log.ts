/**
 * What a run leaves behind, as `metrics.jsonl` holds it: one JSON object a line, each with a `kind`. Reports are made of
 * these alone, so that a report can be made again, or of several runs, at any time.
 */
import type { CategoryEvaluation, CocoStats } from '@dr2net/detection';
import type { TimelinePoint } from '@dr2net/memory';

/** The first line: what was run. */
export interface SettingsRecord {
  readonly kind: 'settings';
  /** Shown as the run's name in legends: a method, usually. */
  readonly label: string;
  /** Every option with the value it had, in the order to show. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** One optimizer step. */
export interface StepRecord {
  readonly kind: 'step';
  /** 1, 2, …, over the whole run. */
  readonly step: number;
  /** The epoch that the step belongs to: 1, 2, … */
  readonly epoch: number;
  /** Samples of the step, over which its loss and accuracy are means. */
  readonly samples: number;
  /** Mean loss of the step's samples, in nats. */
  readonly loss: number;
  /** Fraction of the step's samples that were right. */
  readonly accuracy?: number;
  readonly learningRate: number;
  readonly alpha: number;
  readonly beta: number;
  /** Global norm of the gradient, before clipping. */
  readonly gradientNorm?: number;
  /** `reversible`: state pairs kept besides the last. */
  readonly anchors?: number;
  /** `reversible`: the worst rebuilt-against-stored error of a state, relative; absent where it was no number. */
  readonly anchorError?: number;
  /** `reversible`: the relative error that rebuilding added to the gradients, estimated from that. */
  readonly gradientError?: number;
  /** What the coefficients proposed before this step would have done to the output, relative (`adaptive`). */
  readonly outputChange?: number;
  /** Highest logical bytes during the step: parameters, slots, gradients and activations. */
  readonly peakBytes?: number;
  /** The same without parameters, optimizer slots and gradients. */
  readonly activationBytes?: number;
  /** What the device had really allocated at most, in bytes, where the backend can tell. */
  readonly deviceBytes?: number;
  readonly seconds: number;
}

/** What an evaluation found, in fractions. One of `top1`, `meanIou` and `ap` is there, where anything counts. */
export interface Scores {
  readonly loss: number;
  /** Classification. */
  readonly top1?: number;
  readonly top5?: number;
  /** Segmentation: mean over the classes that occur. */
  readonly meanIou?: number;
  readonly overallAccuracy?: number;
  readonly meanAccuracy?: number;
  /** Detection: COCO's average precision, the mean over overlaps 0.5 … 0.95; and at 0.5 alone. */
  readonly ap?: number;
  readonly ap50?: number;
  /** Clips, points, or images. */
  readonly samples: number;
}

/** The figure that a task is judged by. */
export function scoreOf({ top1, meanIou, ap }: Scores): { readonly name: string; readonly value: number } | undefined {
  if (top1 !== undefined) return { name: 'top-1', value: top1 };
  if (meanIou !== undefined) return { name: 'mean IoU', value: meanIou };
  return ap === undefined ? undefined : { name: 'COCO AP', value: ap };
}

/** The end of an epoch. */
export interface EpochRecord {
  readonly kind: 'epoch';
  /** 1, 2, … */
  readonly epoch: number;
  /** Steps done so far. */
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy?: number;
  readonly validation?: Scores;
  readonly seconds: number;
}

/** Memory over one step. */
export interface MemoryRecord {
  readonly kind: 'memory';
  /** The step that was watched. */
  readonly step: number;
  readonly timeline: readonly TimelinePoint[];
}

/** The last evaluation, in full. */
export interface EvaluationRecord extends Scores {
  readonly kind: 'evaluation';
  /** Segmentation: of each class; null for one that does not occur. */
  readonly iou?: readonly (number | null)[];
  readonly classes: readonly string[];
  /** Classification and segmentation: `confusion[truth][prediction]`, a count. */
  readonly confusion?: readonly (readonly number[])[];
  /** Detection: COCO's twelve numbers, over all classes and of each. */
  readonly stats?: CocoStats;
  readonly categories?: readonly CategoryEvaluation[];
}

/** One line of `metrics.jsonl`, told by its `kind`. */
export type RunRecord = SettingsRecord | StepRecord | EpochRecord | MemoryRecord | EvaluationRecord;

/** The records of one run, sorted by kind. */
export interface RunLog {
  readonly label: string;
  readonly settings: SettingsRecord['settings'];
  readonly steps: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
  readonly memory?: MemoryRecord;
  readonly evaluation?: EvaluationRecord;
}

/**
 * Gathers records. A later record of the same step or epoch (after a resume) takes the place of the earlier one.
 * @param label instead of the recorded one
 */
export function gatherRun(records: readonly RunRecord[], label?: string): RunLog {
  const steps = new Map<number, StepRecord>();
  const epochs = new Map<number, EpochRecord>();
  let settings: SettingsRecord | undefined;
  let memory: MemoryRecord | undefined;
  let evaluation: EvaluationRecord | undefined;
  for (const record of records) {
    if (record.kind === 'step') steps.set(record.step, record);
    else if (record.kind === 'epoch') epochs.set(record.epoch, record);
    else if (record.kind === 'settings') settings = record;
    else if (record.kind === 'memory') memory = record;
    else if (record.kind === 'evaluation') evaluation = record;
  }
  return {
    label: label ?? settings?.label ?? 'run',
    settings: settings?.settings ?? {},
    steps: [...steps.values()].sort((a, b) => a.step - b.step),
    epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    ...(memory ? { memory } : {}),
    ...(evaluation ? { evaluation } : {}),
  };
}

/**
 * Reads the text of a `metrics.jsonl`.
 * @param label the run's name, instead of the recorded one
 * @throws when a line other than the last is no JSON object; a last line that was cut off (a killed run) is left out
 */
export function parseMetrics(text: string, label?: string): RunLog {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records: RunRecord[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      records.push(JSON.parse(line) as RunRecord);
    } catch (cause) {
      if (index < lines.length - 1) throw new Error(`Line ${index + 1} of the metrics is not JSON: ${line}`, { cause });
    }
  }
  return gatherRun(records, label);
}
