/** The colourings of a scene: which there are, their legends, and the colour of every point. */
import type { Colour, SceneInfo, ScenePoints } from './data.ts';

export type ColouringName = 'colour' | 'truth' | 'prediction' | 'error' | 'height';

export interface LegendRow {
  readonly label: string;
  readonly colour: Colour;
  readonly points: number;
}

export interface Colouring {
  readonly name: ColouringName;
  /** What can be shown and hidden. */
  readonly legend: readonly LegendRow[];
  /** Writes colours, [count, 4], opacity 0 for a point that is hidden. @param hidden rows of the legend */
  paint(colours: Uint8Array, hidden: ReadonlySet<number>): void;
}

export function colouringsOf(scene: SceneInfo, points: ScenePoints): Colouring[] {
  const { count, classes, classColours, errorColours, ignored, heightColours } = scene;
  const { truth, predicted, positions, colours: own } = points;
  // The last row of the legend: what is not counted.
  const rowOf = (label: number) => (label === ignored ? classes.length : label);
  const classRows = [...classes, 'not counted'].map((label, k) => ({
    label,
    colour: classColours[k] ?? errorColours.ignored,
  }));
  const outcomeRows = (['right', 'wrong', 'ignored'] as const).map((name) => ({
    label: name === 'ignored' ? 'not counted' : name,
    colour: errorColours[name],
  }));
  const make = (
    name: ColouringName,
    rows: readonly { label: string; colour: Colour }[],
    rowOfPoint: (i: number) => number,
    colourOfPoint?: (i: number) => Colour,
  ): Colouring => {
    const counts = new Array<number>(rows.length).fill(0);
    for (let i = 0; i < count; i++) counts[rowOfPoint(i)]!++;
    return {
      name,
      legend: rows.map((row, k) => ({ ...row, points: counts[k]! })),
      paint(colours, hidden) {
        for (let i = 0; i < count; i++) {
          const row = rowOfPoint(i);
          const [red, green, blue] = colourOfPoint?.(i) ?? rows[row]!.colour;
          colours[4 * i] = red;
          colours[4 * i + 1] = green;
          colours[4 * i + 2] = blue;
          colours[4 * i + 3] = hidden.has(row) ? 0 : 255;
        }
      },
    };
  };
  const byPrediction = (i: number) => rowOf(predicted[i]!);
  const byTruth = truth ? (i: number) => rowOf(truth[i]!) : byPrediction;
  const heightOf = (i: number) =>
    heightColours[(((heightColours.length - 1) * positions[3 * i + 2]! + 32767) / 65535) | 0]!;
  return [
    ...(truth ? [make('truth', classRows, byTruth)] : []),
    make('prediction', classRows, byPrediction),
    ...(truth
      ? [make('error', outcomeRows, (i) => (truth[i] === ignored ? 2 : truth[i] === predicted[i] ? 0 : 1))]
      : []),
    ...(own ? [make('colour', classRows, byTruth, (i) => [own[3 * i]!, own[3 * i + 1]!, own[3 * i + 2]!])] : []),
    make('height', classRows, byTruth, heightOf),
  ];
}
