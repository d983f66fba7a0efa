/** Planned settings as a table, and for `--json`. */
import { formatBytes, type Planned } from '@dr2net/memory';
import { textTable } from '../output.ts';
import type { Choice } from './candidates.ts';

type Rows = readonly Planned<Choice>[];

/** For `--json`. */
export function rowJson({ title, choice, needBytes, prediction, relativeTime }: Rows[number]) {
  const { deviceBytes, peakBytes, activationPeakBytes, kinds } = prediction;
  return { title, ...choice, needBytes, deviceBytes, peakBytes, activationPeakBytes, kinds, work: relativeTime };
}

/** Columns of kinds that belong together. */
const columns: readonly (readonly [string, readonly string[]])[] = [
  ['parameters', ['parameters', 'average']],
  ['gradients', ['gradients']],
  ['slots', ['slots']],
  ['states', ['states', 'anchors']],
  ['side', ['side']],
  ['internals', ['internals', 'update']],
  ['stem, head', ['stem and head', 'batch']],
  ['scratch', ['scratch']],
];

/** A line a setting: what it needs, of which kinds, and its work beside that of the first. */
export function planTable(rows: Rows): string {
  const unit = rows[0]?.relativeTime ?? 1;
  return textTable(
    ['method', 'all', ...columns.map(([name]) => name), 'activations', 'work'],
    rows.map(({ title, needBytes, prediction, relativeTime }) => {
      const bytes = new Map<string, number>(Object.entries(prediction.kinds));
      return [
        title,
        formatBytes(needBytes),
        ...columns.map(([, kinds]) => formatBytes(kinds.reduce((sum, kind) => sum + (bytes.get(kind) ?? 0), 0))),
        formatBytes(prediction.activationPeakBytes),
        `× ${(relativeTime / unit).toFixed(2)}`,
      ];
    }),
  );
}
