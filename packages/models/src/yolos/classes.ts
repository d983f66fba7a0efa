/** A detector for other classes: only the last layer of the network that tells them is new. */
import { withNewLabels } from '../heads/new-classes.ts';
import { YolosDetector } from './detector.ts';
import { planYolos } from './plan.ts';

const isClassifier = ({ name }: { readonly name: string }) => name.startsWith('head.class.2.');

/**
 * The detector for other classes: only the last layer that tells classes is new, all else is taken over.
 * @param detector taken over: it must not be used, nor disposed of, afterwards
 * @param classes names, in the order of the new logits
 * @param seed of the new layer's weights, uniform within ±1/√inputs
 */
export function withNewClasses(detector: YolosDetector, classes: readonly string[], seed: number): YolosDetector {
  const spec = { ...detector.spec, classes: classes.length };
  const { unused, training, fresh } = detector;
  const renewed = withNewLabels(detector, planYolos(spec).filter(isClassifier), classes, seed);
  return new YolosDetector({ spec, unused, training, fresh, ...renewed });
}
