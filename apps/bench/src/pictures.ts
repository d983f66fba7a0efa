/** Charts beside a result: NAME.svg and NAME.png. */
import { join } from 'node:path';
import { type Chart, picturePng, pictureSvg } from 'dr2net/report';
import { writeFileWhole } from 'jobs';

export async function writePictures(
  folder: string,
  name: string,
  charts: readonly Chart[],
  options: { readonly columns?: number } = {},
): Promise<void> {
  writeFileWhole(join(folder, `${name}.svg`), pictureSvg(charts, options));
  writeFileWhole(join(folder, `${name}.png`), await picturePng(charts, options));
}
