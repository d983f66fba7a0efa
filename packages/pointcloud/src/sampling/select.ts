/** The nearest of many candidates, in order. */

/** The `k` points with the least distances, least first; of equal ones the lowest number. */
export function copySorted(points: readonly number[], distances: readonly number[], k: number): Int32Array {
  const order = points.map((_, i) => i);
  order.sort(
    (a, b) => (distances[a] as number) - (distances[b] as number) || (points[a] as number) - (points[b] as number),
  );
  const out = new Int32Array(k);
  for (let i = 0; i < k; i++) out[i] = points[order[i] as number] as number;
  return out;
}
