/** Memory: bytes of live tensors over one step, and the activation peak of several runs side by side. */
import { formatBytes, type TimelinePoint } from '@dr2net/memory';
import { areaY, barX, dot, lineY, ruleX, text } from '@observablehq/plot';
import { formatNumber } from '../format.ts';
import { accent, colorsOf } from '../palette.ts';
import { type Chart, chart } from '../plot.ts';
import type { MemoryRecord, RunLog } from '../run-log.ts';

const megabyte = 1e6;
/** A phase shorter than this fraction of the step gets no label: there is no room for it. */
const shortestLabelled = 0.09;

interface PhaseSpan {
  readonly name: string;
  /** Milliseconds since the step began. */
  readonly from: number;
  readonly to: number;
}

function phaseSpans(timeline: readonly TimelinePoint[]): PhaseSpan[] {
  const end = 1000 * (timeline.at(-1)?.seconds ?? 0);
  const begins = timeline.filter(({ phase }, index) => index === 0 || timeline[index - 1]!.phase !== phase);
  return begins.map(({ phase, seconds }, index) => ({
    name: phase,
    from: 1000 * seconds,
    to: index + 1 < begins.length ? 1000 * begins[index + 1]!.seconds : end,
  }));
}

/** Live bytes over one step of one run: activations, over what else is alive (parameters, slots, gradients). */
export function memoryChart({ step, timeline }: MemoryRecord): Chart | undefined {
  if (timeline.length === 0) return undefined;
  const points = timeline.map(({ seconds, bytes, activationBytes, phase }) => ({
    at: 1000 * seconds,
    total: bytes / megabyte,
    activations: activationBytes / megabyte,
    note: `${formatNumber(1000 * seconds)} ms, ${phase}: ${formatBytes(activationBytes)} of activations, ${formatBytes(bytes)} in all`,
  }));
  const spans = phaseSpans(timeline);
  const length = spans.at(-1)!.to - spans[0]!.from;
  const all = 'all live tensors';
  const activations = 'activations';
  return chart({
    title: 'Memory over one step',
    description: `Logical bytes of live tensors over step ${step}, with the phases of the step`,
    legend: [
      { label: activations, color: accent },
      { label: all, color: '#7d8590' },
    ],
    marginTop: 36,
    x: { label: 'time since the step began (ms)', nice: true },
    y: { label: 'live tensors (MB)', grid: true, nice: true, zero: true },
    marks: [
      lineY(points, { x: 'at', y: 'total', stroke: '#7d8590', strokeWidth: 1.5, curve: 'step-after' }),
      areaY(points, { x: 'at', y: 'activations', fill: accent, fillOpacity: 0.25, curve: 'step-after' }),
      lineY(points, { x: 'at', y: 'activations', stroke: accent, strokeWidth: 1.5, curve: 'step-after' }),
      dot(points, { x: 'at', y: 'activations', fill: accent, r: 0.8, title: 'note' }),
      ruleX(spans, { x: 'from', stroke: 'currentColor', strokeOpacity: 0.3 }),
      text(
        spans.filter(({ from, to }) => to - from >= shortestLabelled * length),
        { x: 'from', frameAnchor: 'top', text: 'name', textAnchor: 'start', dx: 4, dy: -14 },
      ),
    ],
  });
}

/** Activation bytes over one step, one curve a label (its first run). */
export function memoryComparison(runs: readonly RunLog[]): Chart | undefined {
  const colors = colorsOf(runs.map(({ label }) => label));
  const curves = firstOfLabel(runs).flatMap(({ label, memory }) =>
    memory && memory.timeline.length > 0 ? [{ label, color: colors.get(label)!, timeline: memory.timeline }] : [],
  );
  if (curves.length === 0) return undefined;
  return chart({
    title: 'Memory over one step',
    description: 'Logical bytes of activations over one training step, one curve a method',
    legend: curves.map(({ label, color }) => ({ label, color })),
    x: { label: 'time since the step began (ms)', nice: true },
    y: { label: 'activations (MB)', grid: true, nice: true, zero: true },
    marks: curves.flatMap(({ label, color, timeline }) => {
      const points = timeline.map(({ seconds, activationBytes, phase }) => ({
        at: 1000 * seconds,
        mega: activationBytes / megabyte,
        note: `${label}, ${formatNumber(1000 * seconds)} ms, ${phase}: ${formatBytes(activationBytes)}`,
      }));
      return [
        lineY(points, { x: 'at', y: 'mega', stroke: color, strokeWidth: 1.75, curve: 'step-after' }),
        dot(points, { x: 'at', y: 'mega', fill: color, r: 0.8, title: 'note' }),
      ];
    }),
  });
}

/** The highest activation bytes of any step. */
export function activationPeak(run: RunLog): number | undefined {
  const peaks = run.steps.flatMap(({ activationBytes }) => (activationBytes === undefined ? [] : [activationBytes]));
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}

/** One bar a label: the activation peak (of its first run). */
export function peaksChart(runs: readonly RunLog[]): Chart | undefined {
  const bars = firstOfLabel(runs).flatMap((run) => {
    const bytes = activationPeak(run);
    return bytes === undefined ? [] : [{ label: run.label, mega: bytes / megabyte, value: formatBytes(bytes) }];
  });
  if (bars.length === 0) return undefined;
  const colors = colorsOf(runs.map(({ label }) => label));
  const longest = Math.max(...bars.map(({ label }) => label.length));
  return chart({
    title: 'Activation peak',
    description: 'Highest bytes of activations during a step: peak minus parameters, optimizer state and gradients',
    height: 64 + 34 * bars.length,
    marginLeft: 16 + 7 * longest,
    marginRight: 72,
    x: { label: 'activation peak (MB)', grid: true, nice: true },
    y: { label: null, domain: bars.map(({ label }) => label) },
    marks: [
      barX(bars, { x: 'mega', y: 'label', fill: ({ label }: { label: string }) => colors.get(label), title: 'value' }),
      text(bars, { x: 'mega', y: 'label', text: 'value', textAnchor: 'start', dx: 6 }),
      ruleX([0]),
    ],
  });
}

function firstOfLabel(runs: readonly RunLog[]): RunLog[] {
  const labels = new Set<string>();
  return runs.filter(({ label }) => !labels.has(label) && labels.add(label));
}
