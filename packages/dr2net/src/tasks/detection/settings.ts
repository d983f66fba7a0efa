/** What a detector to finetune is made of. */
import type { PictureSize } from '@dr2net/models';
import { UsageError } from '../../errors.ts';
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

const ofNew = {
  detections: '--detections',
  queries: '--queries',
  width: '--width',
  encoderLayers: '--encoder-layers',
  decoderLayers: '--decoder-layers',
} as const;

/** @throws UsageError for the first of the options that was given */
export function refuseGiven(
  settings: Partial<DetectorSettings>,
  options: Readonly<Partial<Record<keyof DetectorSettings, string>>>,
  why: string,
): void {
  for (const [name, flag] of Object.entries(options))
    if (settings[name as keyof DetectorSettings] !== undefined) throw new UsageError(`${flag} ${why}. Leave it out.`);
}

/** @throws UsageError for options of a new network, which a saved detector has settled */
export function refuseNetworkOptions(settings: Partial<DetectorSettings>, model: string): void {
  const why = `is for a new network, but ${model} is a saved detector`;
  refuseGiven(settings, ofNew, why);
  if (settings.blocks === 'random') throw new UsageError(`--blocks random ${why}. Leave it out.`);
}

/** What a saved detector's classifier is, for the classes of the data. */
export interface Renewal {
  readonly own: readonly string[] | null;
  /** Takes the detector over. */
  withClasses(classes: readonly string[]): Detector;
}

export interface Opened {
  /** As it is; owned by the caller. */
  readonly detector: Detector;
  /** null for a new one. */
  readonly renewal: Renewal | null;
}
