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
  return boxes
    .map(({ box: [x1, y1, x2, y2], colour, text }) => {
      const paint = escaped(colour);
      const rect = `<rect x="${round(x1)}" y="${round(y1)}" width="${round(x2 - x1)}" height="${round(y2 - y1)}" fill="none" stroke="${paint}" stroke-width="${stroke}"/>`;
      if (text === undefined) return rect;
      // Inside of the box where there is no room above it.
      const y = y1 > letters ? y1 - stroke : y1 + letters;
      return `${rect}<text x="${round(x1 + stroke)}" y="${round(y)}" font-family="sans-serif" font-size="${letters}" fill="${paint}" stroke="#fff" stroke-width="${round(letters / 6)}" paint-order="stroke">${escaped(text)}</text>`;
    })
    .join('');
}
