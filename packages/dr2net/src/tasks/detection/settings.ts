/** What a detector to finetune is made of. */
import type { PictureSize } from '@dr2net/models';
import type { BlocksOption } from '../../options/blocks.ts';
import type { RunSettings } from '../../options/run.ts';
import type { Detector } from './detector.ts';
import type { DetectorOptions, LossOptions } from './options.ts';

export interface DetectorSettings
  extends DetectorOptions,
    LossOptions,
    BlocksOption,
    Pick<RunSettings, 'model' | 'seed' | 'dropPath'> {
  readonly depth?: number;
  /** A number is a square. */
  readonly size?: number | PictureSize;
  readonly head?: 'checkpoint' | 'new';
}

/** The canvas that was asked for. */
export function sizeOf({ size }: Pick<DetectorSettings, 'size'>): PictureSize | undefined {
  return typeof size === 'number' ? [size, size] : size;
}

/** What a saved detector's classifier is, for the classes of the data. */
export interface Renewal<D extends Detector> {
  /** The detector as it is; owned by the caller. */
  readonly detector: D;
  readonly own: readonly string[] | null;
  /** Takes the detector over. */
  withClasses(classes: readonly string[]): D;
}
