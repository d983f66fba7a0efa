/** The runs of `../shared/reference/optimizers/config.json`, as optimizers of ours. */
import type { Parameter } from '@dr2net/ops';
import { adamW, type Optimizer, sgd } from '../src/index.ts';

export interface Run {
  readonly opt: 'sgd' | 'adamw';
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly wd: number;
  readonly betas?: readonly [number, number];
  readonly eps: number | null;
  readonly groups: 'one' | 'no_decay_1d' | 'layer';
  readonly clip?: number;
  readonly ema?: number;
}

export function optimizerOf(run: Run): Optimizer {
  const decays = run.groups === 'no_decay_1d' ? (p: Parameter) => p.shape.length > 1 : () => true;
  const common = { lr: run.lr, weightDecay: run.wd, layerDecay: run.groups === 'layer' ? 0.75 : 1, decays };
  if (run.opt === 'sgd') return sgd({ ...common, momentum: run.momentum ?? 0, nesterov: run.nesterov ?? false });
  if (!run.betas || run.eps === null) throw new Error('An AdamW run has betas and eps.');
  return adamW({ ...common, betas: run.betas, eps: run.eps });
}

/** Layers of the reference's net: embedding 0, three blocks, what follows 4. */
export function layerOf({ name }: Parameter): number {
  if (/^(patch_embed|pos_embed)/.test(name)) return 0;
  const block = /^blocks\.(\d+)/.exec(name);
  return block ? Number(block[1]) + 1 : 4;
}
