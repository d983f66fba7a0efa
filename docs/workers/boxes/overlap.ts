/** Of objects of a class that overlap by more than this (intersection over union), the surest is told: several queries may find one. */
export const overlap = 0.5;
