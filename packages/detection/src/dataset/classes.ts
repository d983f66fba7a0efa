/** Which classes a data set has. */
import { nearestName } from '@dr2net/models';
import { DetectionDatasetError } from './errors.ts';
import { fewOf } from './in-words.ts';

/**
 * The classes in the order of their labels: those that were asked for, else those found, but for what is left out.
 * @param found names in the data set's order
 * @throws DetectionDatasetError where there is none, one comes twice, or what is left out does not occur
 */
export function chooseClasses(
  where: string,
  found: readonly string[],
  wanted: readonly string[] | undefined,
  exclude: readonly string[],
): readonly string[] {
  const stranger = exclude.find((name) => !found.includes(name));
  if (stranger !== undefined) {
    const nearest = nearestName(stranger, found);
    throw new DetectionDatasetError(
      `exclude names "${stranger}", which is no class of ${where}${nearest === undefined ? `; there are ${fewOf(found, 12)}.` : `; did you mean "${nearest}"?`}`,
    );
  }
  const classes = wanted ?? found.filter((name) => !exclude.includes(name));
  const twice = classes.find((name, i) => classes.indexOf(name) !== i);
  if (twice !== undefined) throw new DetectionDatasetError(`Class "${twice}" occurs twice in ${fewOf(classes, 12)}.`);
  const both = classes.find((name) => exclude.includes(name));
  if (both !== undefined)
    throw new DetectionDatasetError(`Class "${both}" is wanted (classes) and left out (exclude); decide for one.`);
  if (classes.length === 0)
    throw new DetectionDatasetError(`${where} has no class${exclude.length > 0 ? ' but those left out' : ''}.`);
  return classes;
}
