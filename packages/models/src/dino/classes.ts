/** A detector for other classes: only what tells classes is new. */
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import { DinoDetector } from './detector.ts';
import { planDino } from './plan.ts';

const isOfClasses = ({ name }: { readonly name: string }) => /^heads\.\d+\.class\.|^queries\.labels$/.test(name);

/**
 * @param detector taken over: it must not be used, nor disposed of, afterwards
 * @param classes names, in the order of the new logits
 * @param seed of the new weights: as those of a new detector
 */
export function withNewDinoClasses(detector: DinoDetector, classes: readonly string[], seed: number): DinoDetector {
  const read = { spec: { ...detector.spec, classes: classes.length }, backboneNames: detector.backboneNames };
  const { id2label: _, label2id: __, num_labels: ___, ...config } = detector.config;
  const made = initialise(planDino(read).filter(isOfClasses), seed);
  const parameters = new Map(detector.parameters.map((parameter) => [parameter.name, parameter]));
  for (const [name, parameter] of made) {
    parameters.get(name)?.dispose();
    parameters.set(name, parameter);
  }
  const { unused, training, fresh } = detector;
  return new DinoDetector({
    ...{ ...read, parameters, unused, training, fresh },
    config: { ...config, ...writeLabels(classes) },
  });
}
