/** The sizes of an attention, read off its input, and how many heads are worked on at a time. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AttentionOptions } from './index.ts';

/** Bytes that the probabilities of one chunk may take: of some heads, half of all at most, or of some queries of one head. */
const chunkBytes = 2 * 2 ** 20;

export interface Geometry {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  /** Channels a head. */
  readonly width: number;
  readonly scale: number;
  /** Heads (of all batch × heads) at a time. */
  readonly chunk: number;
  /** Queries of a head at a time: all, unless the scores of one head alone are too many. */
  readonly queries: number;
}

/** Heads (of all batch × heads) that are worked on at a time. */
export function attentionChunk({ batch, tokens, heads }: Pick<Geometry, 'batch' | 'tokens' | 'heads'>): number {
  return Math.max(1, Math.min(Math.floor(chunkBytes / (4 * tokens * tokens)), Math.ceil((batch * heads) / 2)));
}

/** Queries of one head whose scores are alive at a time, in the implementations that work on whole heads where they can. */
export function attentionBlock(tokens: number): number {
  const most = Math.max(1, Math.floor(chunkBytes / (4 * tokens)));
  return Math.ceil(tokens / Math.ceil(tokens / most));
}

/** Reads the sizes off qkv; throws when they do not fit. */
export function geometry(qkv: Tensor, { heads, scale }: AttentionOptions): Geometry {
  const [batch, tokens, packed] = qkv.shape;
  if (qkv.rank !== 3 || packed! % (3 * heads) !== 0)
    throw new RangeError(`attention: qkv [${qkv.shape}] is not [batch, tokens, 3·heads·width] with ${heads} heads`);
  const width = packed! / 3 / heads;
  const sizes = { batch: batch!, tokens: tokens!, heads };
  return {
    ...sizes,
    width,
    scale: scale ?? 1 / Math.sqrt(width),
    chunk: attentionChunk(sizes),
    queries: attentionBlock(sizes.tokens),
  };
}

/** Queries of one head whose scores are alive at a time in our kernels on wasm, which always work on blocks. */
export function attentionQueries(tokens: number): number {
  const most = 128;
  return Math.ceil(tokens / Math.ceil(tokens / most));
}
