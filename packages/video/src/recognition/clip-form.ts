/** How clips become a model's input. Saved with it, in `config.json` as `clip_input`, so that it is used as it was trained. */

export interface ClipForm {
  /** A square cropped from the picture, or the whole squashed into one. */
  readonly fit: 'crop' | 'squash';
  /** Frames spread over the whole clip, or `stride` frames apart. */
  readonly sampling: 'uniform' | 'dense';
  /** `dense`: frames from one to the next. */
  readonly stride?: number;
}

const key = 'clip_input';

/** What `config.json` says; undefined where it says nothing that is understood. */
export function savedClipForm(config: Readonly<Record<string, unknown>>): ClipForm | undefined {
  const { fit, sampling, stride } = (config[key] ?? {}) as Readonly<Record<string, unknown>>;
  if ((fit !== 'crop' && fit !== 'squash') || (sampling !== 'uniform' && sampling !== 'dense')) return undefined;
  return { fit, sampling, ...(Number.isInteger(stride) && { stride: stride as number }) };
}

/** The field of `config.json`. */
export function writeClipForm(form: ClipForm | undefined): Record<string, unknown> {
  return form ? { [key]: form } : {};
}
