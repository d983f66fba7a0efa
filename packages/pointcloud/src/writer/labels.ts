/** Labels as text: one a line, in the order of the points. */
export function encodeLabels(labels: ArrayLike<number>): string {
  return `${Array.from(labels).join('\n')}\n`;
}
