/** The fixed position table of VideoMAE (and of "Attention Is All You Need"): sine on even channels, cosine on odd ones. */

/** `[1, tokens, width]`: sin or cos of position / 10000^(2·⌊channel/2⌋/width). */
export function sinusoidTable(tokens: number, width: number): Float32Array {
  const table = new Float32Array(tokens * width);
  for (let position = 0; position < tokens; position++) {
    for (let channel = 0; channel < width; channel++) {
      const angle = position / 10_000 ** ((2 * Math.floor(channel / 2)) / width);
      table[position * width + channel] = channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}
