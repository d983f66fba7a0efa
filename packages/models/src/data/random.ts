/**
 * Random numbers that depend on what they are for, and on nothing else: the seed is derived from (run seed, epoch, sample,
 * purpose), so an interrupted run goes on with the numbers of an uninterrupted one.
 */
import { trainingContext } from '@dr2net/ops';

export interface Random {
  /** Uniform in [0, 1). */
  (): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** Uniform among 0 … n − 1. */
  below(n: number): number;
  /** A draw of the normal distribution with mean 0 and variance 1 (Box and Muller). */
  normal(): number;
  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** A draw of Gamma(shape, 1), by Marsaglia and Tsang's method (ACM TOMS 26, 2000). */
  gamma(shape: number): number;
}

/** Mulberry32 (Tommy Ettinger): 32 bits of state, enough for the few draws that one sample needs. */
export function randomFrom(seed: number, ...parts: readonly (string | number)[]): Random {
  let state = parts.reduce((context, part) => context.child(part), trainingContext(seed)).seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const below = (n: number) => Math.floor(next() * n);
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - next()) ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - next()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return Object.assign(next, {
    between: (from: number, to: number) => from + (to - from) * next(),
    below,
    normal,
    shuffle: <T>(items: readonly T[]): T[] => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
      }
      return copy;
    },
    gamma,
  });
}
