/** Tells of batches while a whole source is gone through, at most every two seconds. */
import type { Output } from '../output.ts';

export function tellBatches({ batches }: { readonly batches: number }, output: Output): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < 2000) return;
    told = performance.now();
    output.note(`batch ${done} of ${batches}`);
  };
}
