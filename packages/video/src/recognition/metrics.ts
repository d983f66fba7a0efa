/** Metrics of classification, on numbers of the host: exact counts, no tensors. */

/** Scores of clips: rows [clips, classes] (logits or probabilities) and the true classes. */
export interface Scores {
  readonly scores: readonly Float32Array[];
  readonly labels: readonly number[];
}

/** Metrics of classification, from exact counts. */
export interface RecognitionMetrics {
  /** Share of clips whose class has the highest score. Fractions, not percent. */
  readonly top1: number;
  /** Share of clips whose class is among the five highest scores. */
  readonly top5: number;
  /** Accuracy of each class; null for a class without clips. */
  readonly perClass: readonly (number | null)[];
  /** Mean of `perClass` over the classes that have clips. */
  readonly meanClassAccuracy: number;
  /** [true class][predicted class], counts. */
  readonly confusion: readonly (readonly number[])[];
}

/** How many scores are higher than the label's (an equal one counts when its class comes first): 0 is a hit of top-1. */
function rank(scores: Float32Array, label: number): number {
  const own = scores[label] as number;
  let higher = 0;
  for (let k = 0; k < scores.length; k++) {
    const score = scores[k] as number;
    // A score that is not a number is no hit: `!(score < own)` counts it as higher.
    if (k < label ? !(score < own) : k > label && !(score <= own)) higher++;
  }
  return Number.isNaN(own) ? scores.length : higher;
}

function best(scores: Float32Array): number {
  return scores.reduce((top, score, k) => (score > (scores[top] as number) ? k : top), 0);
}

/**
 * Accuracy, and what was taken for what, from scores.
 * @throws RangeError when there are no clips, or a label is not a class
 */
export function recognitionMetrics({ scores, labels }: Scores, classes: number): RecognitionMetrics {
  if (scores.length === 0 || scores.length !== labels.length)
    throw new RangeError(
      `${scores.length} rows of scores and ${labels.length} labels; both must be equal, and 1 or more.`,
    );
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let [first, five] = [0, 0];
  for (const [i, row] of scores.entries()) {
    const label = labels[i] as number;
    const counts = confusion[label];
    if (!counts || row.length !== classes)
      throw new RangeError(`Clip ${i}: label ${label}, ${row.length} scores, where there are ${classes} classes.`);
    const place = rank(row, label);
    if (place < 1) first++;
    if (place < 5) five++;
    const predicted = best(row);
    counts[predicted] = (counts[predicted] as number) + 1;
  }
  const perClass = confusion.map((counts, k) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return total === 0 ? null : (counts[k] as number) / total;
  });
  const present = perClass.filter((accuracy) => accuracy !== null);
  return {
    top1: first / labels.length,
    top5: five / labels.length,
    perClass,
    meanClassAccuracy: present.reduce((sum, accuracy) => sum + accuracy, 0) / present.length,
    confusion,
  };
}
