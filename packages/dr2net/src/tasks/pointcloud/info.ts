/** `info` of a segmenter of point clouds. */
import { describeSegmenter, type PointSpec, readLabels, type SegmenterDescription } from '@dr2net/models';
import { type SavedCloudForm, savedCloudForm } from '@dr2net/pointcloud';
import { type Described, listed, trainedWith } from '../described.ts';

/** Points that become one token. */
const pointsPerToken = ({ embed }: Pick<PointSpec, 'embed'>) => Math.round(1 / embed.ratio ** embed.stages);

const shifts = {
  skip: 'before every block, on the skip path too',
  branch: 'before every block, inside the branch',
  once: 'once, before the first block',
};

function embeddingOf({ embed }: PointSpec): string {
  const name = embed.progressive ? `P3Embed of ${embed.stages} stages` : 'PointPatchEmbed';
  const which = embed.radius === null ? 'nearest points' : `points within ${embed.radius}`;
  return `${name}, groups of ${embed.size} ${which}, one token of ${pointsPerToken({ embed })} points`;
}

function sampleOf({ points, region, side, voxel, unit }: SavedCloudForm): string {
  return [
    `${points} points`,
    region === 'block' ? `of a column of side ${side}` : 'nearest to a centre',
    ...(voxel === undefined ? [] : [`thinned to voxels of ${voxel}`]),
    ...(unit === undefined ? [] : [`unit ${unit}`]),
  ].join(', ');
}

function rowsOf(model: string, found: SegmenterDescription, form: SavedCloudForm | undefined): string[][] {
  const { spec, config, parameters, training, missing, misshapen, unused } = found;
  const names = readLabels(config);
  const features = form ? ` (${form.features.join(', ')})` : '';
  const tokens = form ? Math.floor(form.points / pointsPerToken(spec)) : undefined;
  return [
    ['model', model],
    ['architecture', 'pointvit, a segmenter of point clouds'],
    ['input', `${spec.channels} feature${spec.channels === 1 ? '' : 's'} a point${features}`],
    ['sample', form ? sampleOf(form) : 'not said'],
    ['embedding', embeddingOf(spec)],
    ['positions', shifts[spec.shift]],
    ['blocks', `${spec.depth} (${2 * spec.depth} sub-blocks), width ${spec.width}`],
    [
      'tokens',
      tokens === undefined ? 'by the number of points, and a class token' : `${tokens + 1} (1 before the groups)`,
    ],
    ['parameters', `${parameters.count.toLocaleString('en')} in ${parameters.tensors} tensors`],
    ['classes', `${spec.head.classes}${names ? `: ${names.join(', ')}` : ''}`],
    ['trained with', trainedWith(training)],
    ['missing tensors', listed(missing)],
    ...(misshapen.length === 0
      ? []
      : [['other shapes', listed(misshapen.map(({ key, shape, needed }) => `${key} [${shape}], not [${needed}]`))]]),
    ['unused tensors', listed(unused)],
  ];
}

/** @throws the errors of reading */
export async function describePoints(model: string): Promise<Described> {
  const found = await describeSegmenter(model);
  const { spec, config, parameters, training, missing, misshapen, unused } = found;
  const form = savedCloudForm(config);
  return {
    rows: rowsOf(model, found, form),
    facts: {
      model,
      architecture: 'pointvit',
      input: { kind: 'pointcloud', channels: spec.channels, ...(form && { cloud: form }) },
      depth: spec.depth,
      subBlocks: 2 * spec.depth,
      width: spec.width,
      pointsPerToken: pointsPerToken(spec),
      shift: spec.shift,
      parameters,
      head: { classes: readLabels(config) ?? [], outputs: spec.head.classes },
      training,
      unusedTensors: unused,
      missingTensors: missing,
      misshapenTensors: misshapen,
    },
  };
}
