/** Boxes with their names as SVG, to be laid over a picture. */

/** A box over a picture. */
export interface DrawnBox {
  /** Left and upper edge, right and lower edge, in pixels of the picture. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** As CSS has it. */
  readonly colour: string;
  /** Written at its upper edge: a name and a score. */
  readonly text?: string;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
const round = (value: number) => Math.round(10 * value) / 10;

/** Of a letter's height, about. */
const letterWidth = 0.55;

interface Place {
  readonly x: number;
  /** Of the letters' base line. */
  readonly y: number;
}

/**
 * Where a box's name stands: above its upper edge, else inside of it, below its lower edge or inside of that, where it neither leaves the
 * picture nor lies on a name before it.
 */
function placeOf(
  { box: [x1, y1, , y2], text = '' }: DrawnBox,
  letters: number,
  stroke: number,
  height: number,
  taken: readonly (Place & { readonly end: number })[],
): Place {
  const x = x1 + stroke;
  const end = x + letterWidth * letters * text.length;
  const lines = [y1 - stroke, y1 + letters, y2 + letters, y2 - 2 * stroke].filter((y) => y >= letters && y <= height);
  const free = (y: number) =>
    taken.every((other) => end <= other.x || other.end <= x || Math.abs(y - other.y) >= letters);
  return { x, y: lines.find(free) ?? lines[0] ?? y1 + letters };
}

/**
 * SVG elements in units of the picture's pixels; strokes and letters are a share of its shorter side.
 * @param size of the picture in pixels
 */
export function boxesSvg(
  boxes: readonly DrawnBox[],
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const stroke = round(Math.max(1, Math.min(width, height) / 200));
  const letters = round(Math.max(8, Math.min(width, height) / 28));
  const taken: (Place & { readonly end: number })[] = [];
  return boxes
    .map((drawn) => {
      const { box, colour, text } = drawn;
      const [x1, y1, x2, y2] = box;
      const paint = escaped(colour);
      const rect = `<rect x="${round(x1)}" y="${round(y1)}" width="${round(x2 - x1)}" height="${round(y2 - y1)}" fill="none" stroke="${paint}" stroke-width="${stroke}"/>`;
      if (text === undefined) return rect;
      const { x, y } = placeOf(drawn, letters, stroke, height, taken);
      taken.push({ x, y, end: x + letterWidth * letters * text.length });
      return `${rect}<text x="${round(x)}" y="${round(y)}" font-family="sans-serif" font-size="${letters}" fill="${paint}" stroke="#fff" stroke-width="${round(letters / 6)}" paint-order="stroke">${escaped(text)}</text>`;
    })
    .join('');
}
