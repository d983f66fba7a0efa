/** Lists in messages. */

/** The first few, and how many more. */
export function fewOf(items: readonly string[], most = 5): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(', ')} and ${more} more` : items.join(', ');
}

/** `3 boxes have`, `1 box has`. */
export const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
