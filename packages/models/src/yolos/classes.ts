/** A detector for other classes: only the last layer of the network that tells them is new. */
import { writeLabels } from '../heads/labels.ts';
import { initialise } from '../initial.ts';
import { YolosDetector } from './detector.ts';
import { planYolos } from './plan.ts';

const isClassifier = ({ name }: { readonly name: string }) => name.startsWith('head.class.2.');

/**
 * @param detector taken over: it must not be used, nor disposed of, afterwards
 * @param classes names, in the order of the new logits
 * @param seed of the new layer's weights, uniform within ±1/√inputs
 */
export function withNewClasses(detector: YolosDetector, classes: readonly string[], seed: number): YolosDetector {
  const spec = { ...detector.spec, classes: classes.length };
  const { id2label: _, label2id: __, num_labels: ___, ...config } = detector.config;
  const made = initialise(planYolos(spec).filter(isClassifier), seed);
  const parameters = new Map(detector.parameters.map((parameter) => [parameter.name, parameter]));
  for (const [name, parameter] of made) {
    parameters.get(name)?.dispose();
    parameters.set(name, parameter);
  }
  const { unused, training, fresh } = detector;
  return new YolosDetector({
    spec,
    config: { ...config, ...writeLabels(classes) },
    parameters,
    unused,
    training,
    fresh,
  });
}
