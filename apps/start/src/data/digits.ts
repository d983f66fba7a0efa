/** Handwritten digits (data/ATTRIBUTION.md), in two parts by writer: the glyphs of the example's clips. */
import { glyphSize, type Part } from 'dr2net/example';

/** Of the first part; the last 500 are of other writers. */
const trainDigits = 1297;

/** The digits of one part: each 8·8 grey values in 0 … 1, row by row. @param text of data/digits.csv */
export function parseDigits(text: string, part: Part): Float32Array[] {
  const lines = text.trim().split('\n');
  const chosen = part === 'train' ? lines.slice(0, trainDigits) : lines.slice(trainDigits);
  return chosen.map((line, index) => {
    const values = line.split(',').map(Number);
    if (values.length !== glyphSize * glyphSize + 1 || values.some((value) => !(value >= 0 && value <= 16)))
      throw new Error(`digits.csv is damaged: digit ${index} of part ${part} is not 64 values of 0 … 16 and a label.`);
    return Float32Array.from(values.slice(0, -1), (value) => value / 16);
  });
}
