/** Splits: which scenes, areas or parts of scenes are trained on, and which validate. */
import { nearestName } from '@dr2net/models';
import { CloudDatasetError } from '../errors.ts';
import { parseRegion } from './region.ts';
import type { Scene, SceneDataset } from './scene.ts';

/** The lines of a list: a scene or an area each, bounds behind it where a part is meant; `#` begins a remark. */
export function parseSplit(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/**
 * The scenes that are asked for.
 * @param lines `Area_2` (all its scenes), `Area_1/Park_1`, `plant-3.txt` (the extension may be left out), and with bounds
 * `Area_1/Park_1 x<-10 y>=5`
 * @throws CloudDatasetError where a line names no scene, or one scene is named twice
 */
export function selectScenes(dataset: SceneDataset, lines: readonly string[]): SceneDataset {
  const names = [...new Set(dataset.scenes.flatMap(({ id, area }) => [id, area]))].filter((name) => name !== '');
  const scenes = lines.flatMap((line) => {
    // Names may have blanks, bounds begin with an axis and an operator.
    const [, name = '', bounds] = /^(.*?)((?:\s+[xyz][<>]=?\S+)*)$/.exec(line) ?? [];
    const found = dataset.scenes.filter(
      ({ id, area }) =>
        id === name || id.replace(/\.[^./]+$/, '') === name || area === name || area.startsWith(`${name}/`),
    );
    if (found.length === 0) {
      const nearest = nearestName(name, names);
      throw new CloudDatasetError(
        `The split names "${name}", which is no scene and no area${nearest ? `; did you mean "${nearest}"?` : `; there are ${names.slice(0, 12).join(', ')}.`}`,
      );
    }
    if (!bounds) return found;
    const region = parseRegion(bounds);
    return found.map((scene): Scene => ({ ...scene, id: `${scene.id} ${region.text}`, region }));
  });
  const twice = scenes.find(({ id }, i) => scenes.findIndex((scene) => scene.id === id) !== i);
  if (twice) throw new CloudDatasetError(`The split names ${twice.id} twice; remove one of the lines.`);
  if (scenes.length === 0) throw new CloudDatasetError('The split names no scene. Write one on each line.');
  return { ...dataset, scenes };
}
