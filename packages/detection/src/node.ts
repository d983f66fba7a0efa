/** Object detection in Node: files, folders and URLs. */
import { type LoadedImage, loadImage, type WantedImage } from './image/load.ts';
import { decodeImage } from './node/decode.ts';
import { readFile } from './node/files.ts';

export * from './common.ts';
export { detectionSource } from './node/detection-source.ts';
export { type PictureOptions, pictureJpeg } from './node/picture.ts';
export { readDetections } from './node/read-detections.ts';

/** An image's pixels as RGB: from a path, a URL or a blob. @throws BadImageError, NoDecoderError */
export const readImage = (image: WantedImage): Promise<LoadedImage> =>
  loadImage(image, { read: readFile, decode: decodeImage });
