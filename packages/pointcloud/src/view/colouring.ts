/** What the colours of a drawn scene tell. */
import { ignoredLabel } from '../dataset/classes.ts';
import { type Colour, classColour } from '../writer/palette.ts';

/** `colour`: what the cloud brought along. */
export type ColouringName = 'truth' | 'prediction' | 'error' | 'colour' | 'height';

/** Right, wrong, and points whose label is not counted. */
export const errorColours = {
  right: [168, 174, 181],
  wrong: [216, 27, 96],
  ignored: [222, 225, 229],
} as const satisfies Readonly<Record<string, Colour>>;

/** Of points that are not counted, in the drawings: pale, so that what is counted stands out. */
export const paleColour: Colour = errorColours.ignored;

/** From low to high; lightness grows evenly, so that it reads without colour too. */
const heights: readonly Colour[] = [
  [43, 46, 94],
  [41, 98, 138],
  [44, 146, 143],
  [108, 190, 112],
  [240, 226, 97],
];

/** Red, green and blue, 0 … 255, of a height. @param share 0 (the lowest point) … 1 (the highest) */
export function heightColour(share: number): Colour {
  const place = Math.min(Math.max(share, 0), 1) * (heights.length - 1);
  const below = Math.min(Math.floor(place), heights.length - 2);
  const [low, high] = [heights[below] as Colour, heights[below + 1] as Colour];
  const mixed = (c: 0 | 1 | 2) => Math.round(low[c] + (place - below) * (high[c] - low[c]));
  return [mixed(0), mixed(1), mixed(2)];
}

/** {@link classColour}, but pale for points that are not counted. */
export const drawnClassColour = (k: number): Colour => (k === ignoredLabel ? paleColour : classColour(k));

export interface Coloured {
  readonly positions: Float32Array;
  readonly truth?: ArrayLike<number> | null | undefined;
  readonly predicted?: ArrayLike<number> | null | undefined;
  readonly colours?: ArrayLike<number> | null | undefined;
}

export interface Colouring {
  readonly name: ColouringName;
  readonly colourOf: (point: number) => Colour;
}

/** What can be told of a scene: truth, prediction and, with both, the error; without labels its own colours, else its heights. */
export function colourings({ positions, truth, predicted, colours }: Coloured): Colouring[] {
  const found: Colouring[] = [];
  if (truth) found.push({ name: 'truth', colourOf: (i) => drawnClassColour(truth[i] as number) });
  if (predicted) found.push({ name: 'prediction', colourOf: (i) => drawnClassColour(predicted[i] as number) });
  if (truth && predicted)
    found.push({
      name: 'error',
      colourOf: (i) => {
        if (truth[i] === ignoredLabel) return errorColours.ignored;
        return truth[i] === predicted[i] ? errorColours.right : errorColours.wrong;
      },
    });
  if (found.length > 0) return found;
  if (colours)
    return [
      {
        name: 'colour',
        colourOf: (i) => [colours[3 * i] as number, colours[3 * i + 1] as number, colours[3 * i + 2] as number],
      },
    ];
  let [least, most] = [Infinity, -Infinity];
  for (let at = 2; at < positions.length; at += 3) {
    least = Math.min(least, positions[at] as number);
    most = Math.max(most, positions[at] as number);
  }
  const range = most > least ? most - least : 1;
  return [{ name: 'height', colourOf: (i) => heightColour(((positions[3 * i + 2] as number) - least) / range) }];
}
