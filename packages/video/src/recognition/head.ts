/** The head of a recognizer: the checkpoint's own, when its classes are those asked for, or a new one. */
import {
  type Backbone,
  type ClassificationHead,
  hasPretrainedHead,
  newHead,
  pretrainedHead,
  readLabels,
} from '@dr2net/models';
import type { RecognizerOptions } from './options.ts';

/** The classes that were asked for are not those of the checkpoint's head, or there are none. */
export class ClassesError extends Error {
  override readonly name = 'ClassesError';
}

export interface ChosenHead {
  readonly head: ClassificationHead;
  readonly labels: readonly string[];
  readonly isNew: boolean;
}

const remedy = "Pass head: 'new' to train a new head for your classes";

/** `LABEL_0`, `LABEL_1`, …: what checkpoints say whose classes were never named. */
const unnamed = (labels: readonly string[]) => labels.every((label, i) => label === `LABEL_${i}`);

const listed = (labels: readonly string[]) =>
  labels.length > 6 ? `${labels.slice(0, 6).join(', ')}, … (${labels.length})` : labels.join(', ');

/** The checkpoint's names, or `LABEL_i` where it has none for every output of its head. */
function checkpointLabels(backbone: Backbone, classes: number): string[] {
  const labels = readLabels(backbone.config);
  return labels?.length === classes ? labels : Array.from({ length: classes }, (_, i) => `LABEL_${i}`);
}

function refuseOtherClasses(own: readonly string[], wanted: readonly string[]): void {
  if (own.length !== wanted.length)
    throw new ClassesError(
      `The checkpoint's head has ${own.length} classes (${listed(own)}), and ${wanted.length} are asked for (${listed(wanted)}). ${remedy}.`,
    );
  const differing = own.findIndex((label, i) => label !== wanted[i]);
  if (differing < 0 || unnamed(own)) return;
  const same = wanted.every((label) => own.includes(label));
  throw new ClassesError(
    `Class ${differing} of the checkpoint's head is "${own[differing]}", and "${wanted[differing]}" is asked for. ` +
      (same ? `Give the classes in the head's order: ${own.join(', ')}.` : `${remedy}.`),
  );
}

/** @throws ClassesError when the classes do not fit, or none are given where a new head needs them */
export function chooseHead(backbone: Backbone, options: RecognizerOptions): ChosenHead {
  const { classes, seed = 0, dropout = 0, pooling } = options;
  if (classes && new Set(classes).size !== classes.length)
    throw new ClassesError(`A class occurs twice in ${classes.join(', ')}.`);
  if (options.head === 'new' || (options.head === undefined && !hasPretrainedHead(backbone))) {
    if (!classes?.length)
      throw new ClassesError(
        'A new head needs the names of its classes (classes: [...]); the checkpoint has no head of its own.',
      );
    const made = newHead(backbone, { classes: classes.length, seed, dropout, ...(pooling ? { pooling } : {}) });
    return { head: made, labels: classes, isNew: true };
  }
  if (pooling !== undefined && pooling !== backbone.head.pooling)
    throw new ClassesError(`pooling ${pooling}: the checkpoint's head reads ${backbone.head.pooling}. ${remedy}.`);
  const head = pretrainedHead(backbone, { dropout });
  try {
    const own = checkpointLabels(backbone, head.classes);
    if (classes) refuseOtherClasses(own, classes);
    return { head, labels: classes ?? own, isNew: false };
  } catch (error) {
    head.dispose();
    throw error;
  }
}
