/** A colour for each class of objects: those that point clouds have. */
import { classColour } from '@dr2net/pointcloud';
import { cssColour } from '../scene/chart.ts';

export const classColours = (labels: readonly string[]): string[] => labels.map((_, k) => cssColour(classColour(k)));
