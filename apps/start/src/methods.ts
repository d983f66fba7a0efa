/** The three ways of finetuning that the example compares. */

export interface Method {
  /** As tables and legends name it; the folder of its run. */
  readonly name: string;
  readonly says: string;
  /** Options of `dr2net finetune`. */
  readonly options: readonly string[];
}

/** The schedule of `reversible` passes (1, 0.1), where the inverse multiplies rounding errors by about ten a sub-block: its anchors
 * place themselves, nearly every state there and few at the end. */
export const methods: readonly Method[] = [
  { name: 'conventional', says: 'ordinary finetuning, all activations kept', options: ['--method', 'conventional'] },
  {
    name: 'reversible',
    says: 'Dr2Net: α falls from 1 to 0.4 and β rises from 0.1 to 0.7',
    options: ['--method', 'reversible', '--schedule', 'dynamic'],
  },
  {
    name: 'exact',
    says: 'all but the pretrained wiring, (63/64, 1/64), rebuilt bit for bit',
    options: ['--method', 'exact', '--alpha', '63/64', '--beta', '1/64'],
  },
];
