/** All results as one self-contained page: summary, charts each with its table, every row, where and on what it was measured. */
import { formatBytes } from '@dr2net/memory';
import { barsChart, type ReportFigure, type ReportSection, sectionsReport } from 'dr2net/report';
import { caseTitle } from '../case.ts';
import { caseColumns, columns } from '../columns.ts';
import type { Failure } from '../failure.ts';
import { type LargestResult, largestSections } from '../largest/result.ts';
import type { Provenance, Result } from '../result.ts';
import { type Row, rowsOf } from '../rows.ts';
import { sizeTitle } from '../size.ts';
import { tableOf } from '../table.ts';
import { detailSections } from './details.ts';
import { sweepSections } from './sweeps.ts';

export interface ReportOptions {
  readonly title?: string;
  /** Cases that could not be measured, with why. */
  readonly failures?: readonly Failure[];
  /** Sentences under the title: backends that were absent. */
  readonly notes?: readonly string[];
  /** The largest that fits: between the charts and the table of all rows. */
  readonly largest?: readonly LargestResult[];
}

/** What was measured best, in a sentence each. */
function findings(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const { case: one } = row.result;
    if (one.subject !== 'reversible' || row.toPlain === undefined) return [];
    const memory =
      row.memoryToPlain === undefined ? '' : `, at 1/${(1 / row.memoryToPlain).toFixed(1)} of its activations`;
    const jax = row.toJax === undefined ? '' : `, × ${row.toJax.toFixed(2)} of jax-js`;
    return [
      `${one.backend}, ${sizeTitle(one.size)}: a reversible step takes × ${row.toPlain.toFixed(2)} of plain TensorFlow.js${jax}${memory}.`,
    ];
  });
}

function differences(rows: readonly Row[]): ReportSection[] {
  const compared = rows.filter(({ gradientDifference }) => gradientDifference !== undefined);
  if (compared.length === 0) return [];
  const [first] = rows;
  const figures: ReportFigure[] = [
    {
      chart: barsChart(
        compared.map(({ result, gradientDifference }) => ({
          label: `${result.case.backend}, ${result.case.subject}`,
          // In parts of the unit of rounding, which is what differs.
          parts: [{ name: 'difference', value: (gradientDifference?.relative ?? 0) / 2 ** -24 }],
          text: (gradientDifference?.relative ?? 0).toExponential(1),
        })),
        {
          title: 'Largest relative difference of a gradient',
          description: 'Of each method against the same on the first backend, in units of float32 rounding, 2⁻²⁴',
          xLabel: 'difference, in units of float32 rounding (2⁻²⁴ = 6e-8)',
        },
      ),
      table: {
        head: ['backend', 'method', 'setting', 'loss', 'gradients', 'parameter'],
        body: compared.map(({ result, lossDifference, gradientDifference }) => [
          result.case.backend,
          result.case.subject,
          sizeTitle(result.case.size),
          (lossDifference ?? Number.NaN).toExponential(1),
          (gradientDifference?.relative ?? Number.NaN).toExponential(1),
          gradientDifference?.parameter ?? '–',
        ]),
      },
    },
  ];
  return [
    {
      title: 'Difference between backends',
      notes: [`The same weights and batch; each method against the same on ${first?.result.case.backend}.`],
      figures,
    },
  ];
}

interface Made extends Provenance {
  readonly name: string;
  readonly device: string;
}

function provenance(results: readonly Made[]): ReportSection {
  const rows = new Map<string, string[]>();
  for (const { name, device, machine, versions, commit, date } of results) {
    const memory = machine.memoryBytes === undefined ? '' : `, ${formatBytes(machine.memoryBytes)}`;
    const key = `${name} ${device} ${commit}`;
    if (rows.has(key)) continue;
    rows.set(key, [
      name,
      device,
      `${machine.processor}, ${machine.cores} threads${memory}, ${machine.platform}`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      commit.slice(0, 12) + (commit.endsWith('-dirty') ? '-dirty' : ''),
      date.slice(0, 16).replace('T', ' '),
    ]);
  }
  const loads = results.flatMap(({ machine }) => (machine.load === undefined ? [] : [machine.load]));
  const busy = loads.length > 0 && Math.max(...loads) > 1.5;
  return {
    title: 'Measured on',
    notes: busy
      ? [`The machine was busy meanwhile: up to ${Math.max(...loads)} running processes. Trust ratios more than times.`]
      : [],
    tables: [{ head: ['backend', 'adapter', 'machine', 'versions', 'commit', 'first'], body: [...rows.values()] }],
  };
}

const measured =
  'The same network, weights and batch by every method; a step is forward, loss and backward, in a process (or worker) of its own. Medians; ratios are within one run.';

export function benchReport(results: readonly Result[], options: ReportOptions = {}): string {
  const { title = 'Training a vision transformer in JavaScript', failures = [], notes = [], largest = [] } = options;
  const rows = rowsOf(results);
  const labels = [...new Set(results.map(({ case: { subject } }) => subject))];
  const { head, body } = tableOf(rows, failures);
  const shown = new Set(head);
  const summary = findings(rows);
  return sectionsReport(title, [
    {
      notes: [...(results.length > 0 ? [measured] : []), ...summary.slice(0, 8), ...notes],
    },
    ...detailSections(rows, labels),
    ...sweepSections(rows, labels),
    ...largestSections(largest),
    ...differences(rows),
    ...(results.length > 0
      ? [
          {
            title: 'All figures',
            tables: [{ head, body }],
            terms: [...caseColumns, ...columns].flatMap(({ name, meaning }) =>
              meaning && shown.has(name) ? [[name, meaning] as const] : [],
            ),
          },
        ]
      : []),
    ...(failures.length > 0
      ? [
          {
            title: 'Not measured',
            tables: [
              { head: ['case', 'why'], body: failures.map(({ case: one, reason }) => [caseTitle(one), reason]) },
            ],
          },
        ]
      : []),
    provenance([
      ...results.map((result) => ({ ...result, ...result.backend })),
      // One of which not even the smallest size fits has met no device.
      ...largest.map((result) => ({ ...result, name: result.settings.backend, device: result.device ?? '–' })),
    ]),
  ]);
}
