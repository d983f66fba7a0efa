/** A detector for other classes: only what tells classes is new. */
import { withNewLabels } from '../heads/new-classes.ts';
import { DinoDetector } from './detector.ts';
import { planDino } from './plan.ts';

const isOfClasses = ({ name }: { readonly name: string }) => /^heads\.\d+\.class\.|^queries\.labels$/.test(name);

/**
 * The detector for other classes: only what tells classes is new, all else is taken over.
 * @param detector taken over: it must not be used, nor disposed of, afterwards
 * @param classes names, in the order of the new logits
 * @param seed of the new weights: as those of a new detector
 */
export function withNewDinoClasses(detector: DinoDetector, classes: readonly string[], seed: number): DinoDetector {
  const read = { spec: { ...detector.spec, classes: classes.length }, backboneNames: detector.backboneNames };
  const { unused, training, fresh } = detector;
  const renewed = withNewLabels(detector, planDino(read).filter(isOfClasses), classes, seed);
  return new DinoDetector({ ...read, unused, training, fresh, ...renewed });
}
