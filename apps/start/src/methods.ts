/** The three ways of finetuning that the example compares. */

export interface Method {
  /** As tables and legends name it; the folder of its run. */
  readonly name: string;
  readonly says: string;
  /** Options of `dr2net finetune`. */
  readonly options: readonly string[];
}

/**
 * The schedule passes (1, 0.1), where the inverse multiplies rounding errors by about ten a sub-block: a stored state
 * pair every third of the 16 sub-blocks keeps them small.
 */
export const methods: readonly Method[] = [
  { name: 'conventional', says: 'ordinary finetuning, all activations kept', options: ['--method', 'conventional'] },
  {
    name: 'reversible',
    says: 'Dr2Net: α falls from 1 to 0.4 and β rises from 0.1 to 0.7',
    options: ['--method', 'reversible', '--schedule', 'dynamic', '--anchors', '3,6,9,12,15'],
  },
  {
    name: 'exact',
    says: 'all but the pretrained wiring, (63/64, 1/64), rebuilt bit for bit',
    options: ['--method', 'exact', '--alpha', '63/64', '--beta', '1/64'],
  },
];
