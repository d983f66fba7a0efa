/** LZF (Lehmann's liblzf): what `binary_compressed` PCD files are packed with. */

/**
 * Unpacks exactly `length` bytes.
 * @returns undefined where the input is cut or no LZF
 */
export function unpackLzf(input: Uint8Array, length: number): Uint8Array | undefined {
  const output = new Uint8Array(length);
  let [from, to] = [0, 0];
  while (from < input.length) {
    const control = input[from++] as number;
    if (control < 32) {
      const end = from + control + 1;
      if (end > input.length || to + control + 1 > length) return undefined;
      output.set(input.subarray(from, end), to);
      to += control + 1;
      from = end;
      continue;
    }
    let run = control >> 5;
    if (run === 7) run += input[from++] ?? Number.NaN;
    const back = to - ((control & 31) << 8) - (input[from++] ?? Number.NaN) - 1;
    if (!(back >= 0 && to + run + 2 <= length)) return undefined;
    // A reference may reach into what it writes, so byte by byte.
    for (let i = 0; i < run + 2; i++) output[to++] = output[back + i] as number;
  }
  return to === length ? output : undefined;
}
