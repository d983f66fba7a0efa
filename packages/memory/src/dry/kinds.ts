/** What the bytes of a training step are for. */

export const kinds = [
  'parameters',
  'gradients',
  'slots',
  'average',
  'batch',
  'states',
  'anchors',
  'side',
  'internals',
  'stem and head',
  'update',
  'scratch',
] as const;

/**
 * `slots` the optimizer's · `average` the moving average of the weights · `batch` pixels and targets · `states` x_i and their
 * gradients, where they are held from one sub-block to the next · `side` the packed remainders of `exact` · `internals` what
 * one sub-block keeps or makes on its way · `update` what the optimizer makes on its way · `scratch` what kernels take for themselves, and what the device's allocator holds
 * beyond what was asked of it.
 */
export type Kind = (typeof kinds)[number];

/** Kinds that are no activations: what a meter of a training loop sets apart, too. */
export const notActivations: ReadonlySet<Kind> = new Set(['parameters', 'gradients', 'slots', 'average', 'scratch']);

/** Bytes of each kind: what they are for. */
export type Bytes = Readonly<Record<Kind, number>>;

export function noBytes(): Record<Kind, number> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
}
