/** The model that is finetuned: a video backbone from disk, with a head for the classes of the data. */
import type { Coefficients, Method } from '@dr2net/core';
import { type Backbone, loadBackbone, type TransformerBackbone } from '@dr2net/models';
import {
  type ActionRecognizer,
  actionRecognizer,
  ClassesError,
  type ClipForm,
  type RecognizerOptions,
} from '@dr2net/video';
import { UsageError } from '../../errors.ts';
import type { MethodOptions } from '../../options/method.ts';
import { modelOptionsOf, type ShapeOptions } from '../../options/model.ts';

export interface ModelSettings extends MethodOptions, ShapeOptions {
  readonly model: string;
  readonly head?: 'checkpoint' | 'new';
  readonly pooling?: Backbone['head']['pooling'];
  readonly read?: 'last' | 'mean';
  readonly seed: number;
  readonly dropout?: number;
  readonly dropPath?: number;
  readonly labelSmoothing: number;
}

/** @throws UsageError for an image model without `--frames`; the errors of loading */
export async function loadVideoBackbone(
  settings: ShapeOptions & Pick<ModelSettings, 'model' | 'dropPath'>,
): Promise<TransformerBackbone> {
  const { model, dropPath } = settings;
  const backbone = await loadBackbone(model, {
    ...modelOptionsOf(settings),
    ...(dropPath === undefined ? {} : { dropPath }),
  });
  if (backbone.input.kind === 'video') return backbone;
  backbone.dispose();
  throw new UsageError(
    `${model} takes images. Give --frames (and --tubelet) to make a video model of it, e.g. --frames 8 --size 112.`,
  );
}

/**
 * @param backbone borrowed
 * @throws UsageError when the checkpoint's head is for other classes
 */
export function makeRecognizer(
  backbone: Backbone,
  classes: readonly string[],
  settings: ModelSettings,
  {
    method,
    coefficients,
    clips,
  }: { readonly method: Method; readonly coefficients: Coefficients; readonly clips: ClipForm },
): ActionRecognizer {
  const { head, pooling, read, seed, dropout = 0, labelSmoothing } = settings;
  const options: RecognizerOptions = {
    classes,
    method,
    clips,
    coefficients,
    seed,
    dropout,
    labelSmoothing,
    ...(head ? { head } : {}),
    ...(pooling ? { pooling } : {}),
    ...(read ? { read } : {}),
  };
  try {
    return actionRecognizer(backbone, options);
  } catch (error) {
    if (!(error instanceof ClassesError)) throw error;
    throw new UsageError(error.message.replace("Pass head: 'new'", 'Give --head new'), { cause: error });
  }
}
