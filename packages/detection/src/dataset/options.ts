/** What reading a data set is told. */
import type { OnBadBox } from './admission.ts';

/** The formats that are read: COCO's JSON, Pascal VOC's XML, YOLO's text files. */
export type DetectionFormat = 'coco' | 'voc' | 'yolo';

/** How {@link readDetections} reads a data set. */
export interface DetectionReadOptions {
  /** Default: found out from the files. */
  readonly format?: DetectionFormat;
  /**
   * Which part of the data set: `train` for `ImageSets/Main/train.txt` (VOC), `instances_train2017.json` or
   * `train/_annotations.coco.json` (COCO), `train:` of data.yaml or a folder `train` (YOLO). Default: all images.
   */
  readonly split?: string;
  /**
   * Names of the classes, in the order of their labels; names that are not among them are refused. Default: those of the
   * data set: COCO's categories by id, VOC's names sorted (of all splits), YOLO's list.
   */
  readonly classes?: readonly string[];
  /** Names of classes whose boxes are left out. Default: none. */
  readonly exclude?: readonly string[];
  /**
   * What a box does that cannot be meant: reversed, not a number, of an unknown class. `refuse` (default): an error that
   * names it; `skip`: it is dropped, counted and named in the notes. Boxes without area or outside of their image are dropped, and
   * boxes that stick out clipped, in either case.
   */
  readonly onBadBox?: OnBadBox;
  /** What an annotated image does that is not there: `refuse` (default) or `skip`. */
  readonly onMissingImage?: 'refuse' | 'skip';
  readonly signal?: AbortSignal;
}
