/** Colours of classes: told apart by most people with a colour deficiency, too (Okabe and Ito 2008, then darker and lighter kin). */

/** Red, green, blue, 0 … 255. */
export type Colour = readonly [number, number, number];

const colours: readonly Colour[] = [
  [0, 158, 115],
  [213, 94, 0],
  [0, 114, 178],
  [240, 228, 66],
  [204, 121, 167],
  [86, 180, 233],
  [230, 159, 0],
  [148, 103, 189],
  [140, 86, 75],
  [0, 92, 66],
  [255, 152, 150],
  [23, 55, 94],
  [188, 189, 34],
  [120, 28, 84],
  [158, 218, 229],
  [127, 127, 127],
];

/** The colour of points that are not counted. */
const ignoredColour: Colour = [60, 60, 60];

/** Red, green and blue, 0 … 255, of class `k`; the colours come again after 16 classes. */
export function classColour(k: number): Colour {
  return k === 255 ? ignoredColour : (colours[k % colours.length] as Colour);
}
