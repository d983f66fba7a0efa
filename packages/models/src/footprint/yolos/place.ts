/** Where a YOLOS's dry layers stand. */
import type { YolosSpec } from '../../yolos/spec.ts';
import type { Place } from '../place.ts';

export type YolosPlace = Place<YolosSpec>;
