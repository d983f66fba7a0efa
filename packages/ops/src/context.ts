/**
 * What a forward pass may depend on besides its input: whether it trains, and a seed for its random masks.
 *
 * The determinism rule: a rebuild runs F_i with the same masks as the forward pass did. So no global generator is ever
 * used; every mask's seed is derived from (run seed, step, sub-block, purpose), by `child`.
 */
export interface Context {
  readonly training: boolean;
  /** 32-bit unsigned seed. */
  readonly seed: number;
  /**
   * In how many parts the layers that can work: MLPs on their rows, attention on its heads; 1 or more. More take less memory. The rebuild
   * must use as many as the forward pass did, so it stands here.
   */
  readonly chunks: number;
  /** The context of a part: the same mode, a seed derived from this one and the part's name or number. */
  child(part: string | number): Context;
}

/** FNV-1a over the part's characters, mixed with the parent's seed by the finalizer of MurmurHash3. */
function derive(seed: number, part: string | number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (const character of String(part)) h = Math.imul(h ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}

function make(training: boolean, seed: number, chunks: number): Context {
  return { training, seed, chunks, child: (part) => make(training, derive(seed, part), chunks) };
}

/**
 * The context of one training step of a run.
 * @param seed of the run, 32-bit unsigned
 * @param step of the run, from 0
 * @param options how layers work
 * @param options.chunks parts in which they do (default 1)
 * @throws RangeError for chunks that are no whole number of 1 or more
 */
export function trainingContext(seed: number, step = 0, { chunks = 1 }: { chunks?: number } = {}): Context {
  if (!Number.isInteger(chunks) || chunks < 1)
    throw new RangeError(`trainingContext: chunks is ${chunks}; it must be a whole number of 1 or more.`);
  return make(true, derive(seed >>> 0, `step ${step}`), chunks);
}

/** Evaluation: no dropout, no stochastic depth. */
export const inference: Context = make(false, 0, 1);
