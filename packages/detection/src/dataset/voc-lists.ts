/** VOC's splits: `ImageSets/Main/train.txt`, a name a line; lists of a class have 1, 0 or −1 behind it. */
import { baseOf, stemOf } from '../files/image-index.ts';
import { DetectionDatasetError, UnknownSplitError } from './errors.ts';
import { fewOf } from './in-words.ts';
import { type Reading, readText } from './reading.ts';

/** @throws DetectionDatasetError where there is no such list, or a name comes twice */
export async function namesOfList(split: string, { entries, where, read }: Reading): Promise<string[]> {
  const lists = entries.filter(({ path }) => /(^|\/)ImageSets\/Main\/[^/]+\.txt$/.test(path));
  const list =
    lists.find(({ path }) => baseOf(stemOf(path)) === split) ?? entries.find(({ path }) => path === `${split}.txt`);
  if (!list) {
    const there = lists.map(({ path }) => baseOf(stemOf(path)));
    throw new UnknownSplitError(
      `${where} has no list ImageSets/Main/${split}.txt${there.length > 0 ? `; there are ${fewOf(there, 12)}.` : '. Write the names of its images into it, one on each line.'}`,
    );
  }
  const names = (await readText(list, read))
    .split(/\r?\n/)
    .map((line) => line.trim().split(/\s+/))
    .filter(([name, presence]) => name !== '' && presence !== '-1')
    .map(([name]) => name as string);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new DetectionDatasetError(`${list.path} names ${twice} twice; remove one of the lines.`);
  return names;
}
