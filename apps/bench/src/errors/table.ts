/** The map as tables for people. */

import { markdownTable } from 'bench-core/markdown';
import { groupBy } from 'bench-core/statistics';

import { type ErrorMap, type ErrorPoint, type ProtocolPoint, ways } from './settings.ts';

const short = (value: number) => String(Number(value.toPrecision(4)));
const place = ({ alpha, beta }: { alpha: number; beta: number }) => `${short(alpha)}, ${short(beta)}`;
const withAnchors = (text: string, anchors: number | undefined) => (anchors ? `${text} (${anchors})` : text);

function errorText({ error, anchors }: ErrorPoint): string {
  return withAnchors(error === null ? 'not finite' : error.toExponential(1), anchors);
}

/** Worst relative gradient error by wiring, depth and way; anchors in brackets. */
export function errorTable(points: readonly ErrorPoint[]): string {
  const rows = groupBy(points, (point) => `${place(point)}|${point.subBlocks}`);
  return markdownTable(
    ['α, β', 'sub-blocks', ...ways],
    [...rows.values()].map((row) => [
      place(row[0]!),
      String(row[0]!.subBlocks),
      ...ways.map((way) => {
        const point = row.find((candidate) => candidate.way === way);
        return point ? errorText(point) : '–';
      }),
    ]),
  );
}

/** The authors' protocol: the smallest atol that passes. */
export function protocolTable(points: readonly ProtocolPoint[]): string {
  const shown = ways.filter((way) => way !== 'conventional');
  const rows = groupBy(points, place);
  return markdownTable(
    ['α, β', 'largest gradient', ...shown],
    [...rows].map(([wiring, row]) => [
      wiring,
      row[0]!.largest.toPrecision(2),
      ...shown.map((way) => {
        const point = row.find((candidate) => candidate.way === way);
        if (!point) return '–';
        return withAnchors(point.atolExponent === null ? 'none passes' : `1e${point.atolExponent}`, point.anchors);
      }),
    ]),
  );
}

export function errorTables({ points, protocol }: ErrorMap): string {
  const map = `Worst relative gradient error against float64, max|Δ|/max|g|; anchors in brackets.\n\n${errorTable(points)}\n`;
  if (protocol.length === 0) return map;
  return `${map}\nThe authors' protocol: the smallest atol from 1e-25 to 1e-4 with which the input's gradient agrees with that of conventional float32 training at rtol 1e-5.\n\n${protocolTable(protocol)}\n`;
}
