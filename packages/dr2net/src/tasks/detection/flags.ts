/** Remedies that `@dr2net/detection` and `@dr2net/models` give as options of their functions, told as options of the command line. */
import { UsageError } from '../../errors.ts';

const flags: readonly (readonly [option: string | RegExp, flag: string])[] = [
  ["(onMissingImage: 'skip')", '(--on-missing-image skip)'],
  ['say which it is (format)', 'say which it is (--format)'],
  [/^exclude names/, '--exclude names'],
  ['or leave it out (exclude)', 'or leave it out (--exclude)'],
  ['is wanted (classes) and left out (exclude)', 'is wanted (--classes) and left out (--exclude)'],
  [/^size (\d+×\d+) does not fit/, '--size $1 does not fit'],
  ['Give the path of one, or a split.', 'Give the path of one, or --train-split and --val-split (evaluate: --split).'],
];

/** What each error may be passed over by. */
function skipping({ name, message }: Error): string {
  if (name === 'BadImageError') return ' Or leave broken images out: --on-bad-image skip.';
  if (name === 'BadAnnotationError' && /is reversed|is not finite|is no class/.test(message))
    return ' Or leave such boxes out: --on-bad-box skip.';
  return '';
}

const remedied = new Set(['BadAnnotationError', 'BadImageError', 'DetectionDatasetError', 'ModelOptionError']);

/** Runs `body`; its errors about images and boxes come back with the flags that mend them. @throws UsageError */
export async function inFlags<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof Error && remedied.has(error.name))) throw error;
    const told = flags.reduce((text, [option, flag]) => text.replace(option, flag), error.message);
    const message = `${told}${skipping(error)}`;
    throw message === error.message ? error : new UsageError(message, { cause: error });
  }
}
