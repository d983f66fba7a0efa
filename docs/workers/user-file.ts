/** A file that the reader has chosen or dropped. */
export interface UserFile {
  /** Relative to what was chosen, with `/`: `folder/class/name.mp4`. */
  readonly path: string;
  readonly file: File;
}
