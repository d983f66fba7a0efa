/** The confusion matrix as a picture: an SVG of its own, light and dark, without a script or a font to load. */

const cell = 34;
const font = 'font-family="system-ui, sans-serif" font-size="12"';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] as string);
/** Long names are cut; the whole name is in the tooltip. */
const short = (text: string) => (text.length > 18 ? `${text.slice(0, 17)}…` : text);

/**
 * @param confusion [true class][predicted class], counts
 * @param labels the classes' names
 * @returns an SVG document; shades are shares of a row, tooltips give counts
 */
export function confusionSvg(confusion: readonly (readonly number[])[], labels: readonly string[]): string {
  const margin = 30 + 7 * Math.max(...labels.map((label) => short(label).length));
  const side = margin + cell * labels.length + 10;
  const at = (i: number) => margin + i * cell;
  const middle = (i: number) => at(i) + cell / 2;
  const cells = confusion.flatMap((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => {
      const share = total === 0 ? 0 : count / total;
      const tip = `${labels[truth]} taken for ${labels[predicted]}: ${count} of ${total}`;
      const number =
        count === 0
          ? ''
          : `<text x="${middle(predicted)}" y="${middle(truth)}" text-anchor="middle" dominant-baseline="central" fill="${share > 0.55 ? '#fff' : 'currentColor'}">${count}</text>`;
      return (
        `<g><title>${escapeText(tip)}</title><rect x="${at(predicted)}" y="${at(truth)}" width="${cell - 1}" height="${cell - 1}" ` +
        `fill="${truth === predicted ? '#1b6ca8' : '#c0392b'}" fill-opacity="${(0.06 + 0.94 * share).toFixed(3)}"/>${number}</g>`
      );
    });
  });
  const names = labels.map(
    (label, i) =>
      `<text x="${margin - 6}" y="${middle(i)}" text-anchor="end" dominant-baseline="central"><title>${escapeText(label)}</title>${escapeText(short(label))}</text>` +
      `<text transform="translate(${middle(i)} ${margin - 6}) rotate(-90)" dominant-baseline="central"><title>${escapeText(label)}</title>${escapeText(short(label))}</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${side}" height="${side}" role="img" ` +
    `aria-label="Confusion matrix: rows are true classes, columns predictions" ${font} fill="currentColor">` +
    `<text x="6" y="14">true ↓ predicted →</text>${names.join('')}${cells.join('')}</svg>`
  );
}
