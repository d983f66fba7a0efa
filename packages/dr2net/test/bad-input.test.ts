/** What a user can get wrong: each gets exit code 2 (or 1), one line that names the value and the remedy, and no stack trace. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startBackend } from '@dr2net/backends';
import { writeClip } from '@dr2net/video';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveTinyModel, temporaryFolder, tinyImageModel, writeTinyClips } from './fixtures.ts';
import { run } from './run.ts';

const folder = temporaryFolder('bad-input');
const at = (...parts: string[]) => join(folder.path, ...parts);
const clip = (name: string) => at('clips', 'train', name);
const isRoot = process.getuid?.() === 0;

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

/** A copy of the tiny model with another `config.json`. */
function modelWith(name: string, config: Record<string, unknown>): void {
  mkdirSync(at(name));
  copyFileSync(at('model', 'model.safetensors'), at(name, 'model.safetensors'));
  writeFileSync(at(name, 'config.json'), JSON.stringify(config));
}

beforeAll(async () => {
  await startBackend('wasm');
  await saveTinyModel(at('model'));
  await writeTinyClips(at('clips'));
  await saveTinyModel(at('deep'), { ...tinyImageModel, num_hidden_layers: 24 });
  modelWith('bert', { model_type: 'bart', hidden_size: 24 });
  modelWith('wider', { ...tinyImageModel, hidden_size: 48 });
  modelWith('deeper', { ...tinyImageModel, num_hidden_layers: 3 });
  put('cut-model/config.json', JSON.stringify(tinyImageModel));
  put('cut-model/model.safetensors', readFileSync(at('model', 'model.safetensors')).subarray(0, 9000));
  mkdirSync(at('no-model'));
  put('empty/readme.txt', 'no clips here');
  put('run/model/config.json', JSON.stringify(tinyImageModel));
  put('points-run/checkpoint/checkpoint.safetensors', '');
  put('points-run/metrics.jsonl', JSON.stringify({ kind: 'settings', label: 'x', settings: { task: 'pointcloud' } }));
  put('garden/Area_1/lawn/Annotations/bush_1.txt', '0 0 0');
  put('boxes/Annotations/a.xml', '<annotation/>');

  const good = clip('left/0.mp4');
  const whole = readFileSync(good);
  const table = (name: string, ...rows: string[]) => put(`${name}.csv`, ['file,label', ...rows].join('\n'));
  table('one-clip', `${good},left`, `${clip('right/0.mp4')},right`, `${clip('right/1.mp4')},right`);
  const others = [
    `${good},left`,
    `${clip('left/1.mp4')},left`,
    `${clip('right/0.mp4')},right`,
    `${clip('right/1.mp4')},right`,
  ];
  put('zero.mp4', '');
  put('garbage.mp4', 'this is no video, whatever its name says'.repeat(100));
  put('tiny.mp4', 'hello');
  put('truncated.mp4', whole.subarray(0, Math.round(whole.length * 0.6)));
  await writeClip(at('single.mp4'), new Uint8Array(32 * 32 * 3), { width: 32, height: 32, fps: 8 });
  for (const name of ['zero', 'tiny', 'garbage', 'truncated', 'single', 'absent'])
    table(name, ...others, `${name}.mp4,left`);
  table('third', ...others, `${clip('left/2.mp4')},up`, `${clip('left/3.mp4')},up`);
  table('typo', `${good},lefft`);
  put('full/notes.txt', 'something of mine');
});
afterAll(() => folder.remove());

let runs = 0;
/** `finetune` with good options, of which `options` replace some. */
function finetune(options: Record<string, string | undefined>, ...flags: string[]) {
  const merged: Record<string, string | undefined> = {
    model: at('model'),
    data: at('clips'),
    out: at(`out-${runs++}`),
    backend: 'wasm',
    frames: '4',
    steps: '1',
    batch: '2',
    ...options,
  };
  const args = Object.entries(merged).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return run('finetune', ...args, ...flags, '--json');
}

/** Asserts the form that every refusal has. */
function expectRefusal({ code, stderr, json }: Awaited<ReturnType<typeof run>>, message: RegExp, wanted = 2): void {
  expect(stderr).toMatch(message);
  expect(code, stderr).toBe(wanted);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(json.error).toMatchObject({ exitCode: wanted, message: expect.stringMatching(message) });
}

describe('the model', () => {
  it.each([
    ['missing', { model: at('nowhere') }, /nowhere is no model folder.*config\.json and model\.safetensors/],
    [
      "a run's folder, whose model is in another",
      { model: at('run') },
      /run has no config\.json\. Its folder model has one: give \S+\/run\/model\./,
    ],
    ['a folder without a model', { model: at('no-model') }, /no-model has no config\.json/],
    ['of an architecture that is not built', { model: at('bert') }, /model_type bart is not built.*Known: .*vit/],
    ['with weights of another width', { model: at('wider') }, /tensor .* is \[24,.*needs \[48,/],
    ['with fewer blocks in the weights', { model: at('deeper') }, /layer\.2\..*/],
    ['with a weight file that was cut off', { model: at('cut-model') }, /truncated.*Download it again/],
    ['of images, without --frames', { frames: undefined }, /takes images\. Give --frames/],
    ['shallower than --depth', { depth: '5' }, /^(error: )?--depth 5 does not fit: the model has 2 blocks/m],
    [
      'with --frames that are no multiple of the tubelet',
      { frames: '5' },
      /^(error: )?--frames 5 does not fit.*multiple of the tubelet size 2/m,
    ],
    [
      'with a --size that is no multiple of the patch',
      { size: '50' },
      /^(error: )?--size 50 does not fit.*patch size 16.*48 and 64/m,
    ],
  ])('%s', async (_, options, message) => expectRefusal(await finetune(options), message));

  it.skipIf(isRoot)('unreadable', async () => {
    modelWith('locked', tinyImageModel);
    chmodSync(at('locked', 'config.json'), 0);
    expectRefusal(await finetune({ model: at('locked') }), /locked.*cannot be read/);
  });

  it('whose head has another number of classes', async () => {
    const out = at('two-classes');
    expect((await finetune({ out })).code).toBe(0);
    const third = { model: join(out, 'model'), data: at('third.csv'), frames: undefined, 'val-share': '0' };
    expectRefusal(await finetune(third), /head has 2 classes \(left, right\), and 3 are asked for.*--head new/);
    expect((await finetune(third, '--head', 'new')).code).toBe(0);
    expectRefusal(
      await run('evaluate', '--model', join(out, 'model'), '--data', at('third.csv'), '--backend', 'wasm', '--json'),
      /class "up" .* not one of the 2 classes known: left, right/,
    );
  });

  it('without a head cannot predict', async () => {
    const predicted = await run('predict', '--model', at('model'), clip('left/0.mp4'), '--backend', 'wasm', '--json');
    expectRefusal(predicted, /has no classification head.*dr2net finetune/);
  });
});

describe('the data', () => {
  it.each([
    ['missing', { data: at('no-data') }, /no file or folder .*no-data/],
    ['a model', { data: at('model') }, /has no clips.*It is a model folder: are --model and --data exchanged\?/],
    [
      'of another task',
      { data: at('garden') },
      /has no clips.*like data of the task pointcloud, but the task is video/,
    ],
    [
      'images with boxes',
      { data: at('boxes') },
      /has no clips.*like data of the task detection, but the task is video/,
    ],
    ['empty', { data: at('empty') }, /has no clips\. Expected a folder of class folders/],
    ['a class with one clip', { data: at('one-clip.csv') }, /"left" has one clip only.*Add clips/],
    ['a missing clip', { data: at('absent.csv') }, /absent\.mp4: there is no file/],
    ['a clip of zero bytes', { data: at('zero.csv') }, /zero\.mp4: .*0 bytes/],
    ['a clip that is no video', { data: at('garbage.csv') }, /garbage\.mp4/],
    ['a clip with one frame', { data: at('single.csv') }, /single\.mp4: .*(one|1) frame/],
    ['a clip that was cut off', { data: at('truncated.csv') }, /truncated\.mp4: /],
    ['a validation label that is not in the list', { val: at('typo.csv') }, /"lefft".*Did you mean "left"/],
    ['a class that is not there', { classes: 'left,rihgt' }, /no class "rihgt".*Did you mean "right"/],
    ['an unknown split', { 'train-split': 'trian' }, /--train-split trian.*Splits: train, val/],
    ['an unknown column', { data: at('third.csv'), 'split-column': 'part' }, /no column "part"/],
  ])('%s', async (_, options, message) => expectRefusal(await finetune(options), message));

  it('broken clips are named, counted and skipped on request', async () => {
    const data = at('zero.csv');
    const { code, stderr } = await finetune({ data, 'on-bad-clip': 'skip', 'val-share': '0' });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/skipped: zero\.mp4/);
    expect(stderr).toMatch(/1 of 5 clips are skipped/);
  });
});

describe('the options', () => {
  it.each([
    ['an unknown method', { method: 'reversable' }, /Did you mean "reversible"/],
    ['an unknown backend', { backend: 'webgl' }, /no backend 'webgl'\. Did you mean '.+'/],
    ['an unknown schedule', { schedule: 'dinamic' }, /did you mean "dynamic"/],
    [
      'β = 0 with reversible',
      { method: 'reversible', alpha: '1', beta: '0' },
      /--beta 0 cannot be inverted.*--method exact/,
    ],
    ['α that is not finite', { alpha: 'NaN' }, /'--alpha <number>' argument 'NaN' is invalid.*finite/],
    ['β that is not finite', { beta: '1/0' }, /'--beta <number>' argument '1\/0' is invalid.*finite/],
    [
      'anchors without reversible',
      { anchors: '2' },
      /--anchors belongs to --method reversible, but the method is exact/,
    ],
    ['a tolerance without reversible', { tolerance: '1e-4' }, /--tolerance belongs to --method reversible/],
    ['a tolerance of 0', { method: 'reversible', tolerance: '0' }, /argument '0' is invalid.*more than 0/],
    [
      'anchors that do not keep the tolerance',
      { method: 'reversible', alpha: '1', beta: '0.01', anchors: '0' },
      /with 0 anchors .* beyond the tolerance of 0\.0000015\. Take anchors: 'auto'.*the method exact/,
    ],
    [
      'an anchor beyond the network',
      { method: 'reversible', anchors: '2,99' },
      /^(error: )?--anchors 2,99: an anchor is at 99; with 4 sub-blocks/m,
    ],
    [
      'more anchors than states',
      { method: 'reversible', anchors: '9' },
      /^(error: )?--anchors 9: anchors is 9; with 4/m,
    ],
    ['β out of range', { beta: '9' }, /^(error: )?--beta 9: β is 9; it must be a number in \[−4, 4\]\.$/m],
    ['α out of range', { alpha: '-9' }, /^(error: )?--alpha -9: α is -9; it must be a number/m],
    ['β that exact has no grid for', { beta: '1e-7' }, /^(error: )?--beta 1e-7: β = 1e-7 is 0 on a grid/m],
    [
      'a schedule that is no number',
      { schedule: 'constant:alpha=x' },
      /^(error: )?--schedule constant:alpha=x: alpha is/m,
    ],
    [
      'a rate that falls below 0',
      { 'lr-schedule': 'cosine:low=-1' },
      /^(error: )?--lr-schedule cosine:low=-1: low is -1/m,
    ],
    ['a warm-up that is no length', { warmup: 'soon' }, /^(error: )?--warmup soon: warmup is "soon"/m],
    ['a budget that is no size', { budget: 'ten' }, /^(error: )?--budget ten: A budget of "ten" is no size/m],
    [
      'β = 0 by a schedule',
      { schedule: 'constant:beta=0' },
      /^(error: )?--schedule constant:beta=0: beta is 0; it must be other than 0/m,
    ],
    [
      'a tolerance that is no number',
      { method: 'reversible', tolerance: 'NaN' },
      /argument 'NaN' is invalid.*more than 0/,
    ],
    [
      'a budget that nothing fits',
      { budget: '1kB' },
      /Nothing fits 1.00 kB: the leanest setting \(.*\) needs .* more\. Give/,
    ],
    ['epochs and steps', { epochs: '2' }, /--epochs 2 and --steps 1: give one of them/],
    ['a batch of none', { batch: '0' }, /argument '0' is invalid.*1 or more/],
    ['momentum without sgd', { momentum: '0.9' }, /--momentum belongs to --optimizer sgd/],
    ['a stride without dense sampling', { stride: '2' }, /--stride 2 belongs to --sampling dense/],
    [
      'sink with accumulation',
      { update: 'sink', accumulate: '2' },
      /--accumulate 2: --update sink frees.*--update collect/,
    ],
  ])('%s', async (_, options, message) => expectRefusal(await finetune(options), message));

  it('coefficients that overflow the range at this depth', async () => {
    expectRefusal(
      await finetune({ model: at('deep'), alpha: '1', beta: '1' }),
      /Step 1 failed.*the states reach \d+.*\(63\/64, 1\/64\), or the method conventional or checkpoint/,
    );
  });

  it('β off the grid of exact is told, with what is trained and saved', async () => {
    const { code, json, stderr } = await finetune({ beta: '0.013' });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/beta = 0.013 becomes 0.01300048828125: the nearest on the grid of the method exact/);
    expect(json).toMatchObject({ beta: 0.01300048828125 });
  });

  it('an unknown option and an unknown command, with the nearest known name', async () => {
    expectRefusal(await finetune({}, '--epoch', '3'), /unknown option '--epoch'\s+\(Did you mean --epochs\?\)/);
    expectRefusal(await run('finetun', '--json'), /unknown command 'finetun'\s+\(Did you mean finetune\?\)/);
  });
});

describe('the out folder', () => {
  it('that exists is left as it is', async () => {
    const out = at('once');
    expect((await finetune({ out })).code).toBe(0);
    const before = readFileSync(join(out, 'metrics.jsonl'), 'utf8');
    expectRefusal(await finetune({ out }), /once holds a run already\. Give --resume to go on with it, --overwrite/);
    expectRefusal(await finetune({ out: at('full') }), /full is not empty \(notes\.txt\)/);
    expectRefusal(await finetune({ out: at('full') }, '--overwrite'), /holds no run.*not deleted/);
    expect(readFileSync(join(out, 'metrics.jsonl'), 'utf8')).toBe(before);
    expect(readFileSync(at('full', 'notes.txt'), 'utf8')).toBe('something of mine');
    expect((await finetune({ out }, '--overwrite')).code).toBe(0);
    expectRefusal(
      await finetune({ out, model: join(out, 'model'), frames: undefined }, '--overwrite'),
      /--overwrite would delete --model \S+, which this run needs/,
    );
    const again = await finetune({ out }, '--resume');
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/Nothing was trained: .* finished at step 1 already\. Give more --steps or --epochs/);
    expect((await finetune({ out, steps: '2' }, '--resume')).stderr).not.toContain('Nothing was trained');
  });

  it('that cannot be written', async () => {
    expectRefusal(
      await finetune({ out: at('zero.mp4', 'out') }),
      /cannot be written.*Give a folder that you may write to/,
    );
    // Nobody may make a folder there, not even root.
    if (existsSync('/sys')) expectRefusal(await finetune({ out: '/sys/dr2net' }), /\/sys\/dr2net cannot be written/);
  });

  it('with a checkpoint of another model', async () => {
    const out = at('other-model');
    expect((await finetune({ out, depth: '1' })).code).toBe(0);
    const before = readFileSync(join(out, 'checkpoint', 'checkpoint.safetensors'));
    expectRefusal(await finetune({ out, steps: '2' }, '--resume'), /checkpoint.*does not fit this run/);
    expect(readFileSync(join(out, 'checkpoint', 'checkpoint.safetensors')).equals(before)).toBe(true);
  });

  it('with a run of another task', async () =>
    expectRefusal(
      await finetune({ out: at('points-run') }, '--resume'),
      /^(error: )?--resume: the run in \S+points-run is of the task pointcloud, and this is video\. Give --task pointcloud/m,
    ));

  it('without a checkpoint to resume', async () =>
    expectRefusal(await finetune({}, '--resume'), /holds no checkpoint to go on from/));
});

it('a loss that is not finite stops the run with the step, the clips and the last checkpoint', async () => {
  const result = await finetune({
    steps: '30',
    lr: '1e30',
    warmup: '0',
    'checkpoint-every': '1',
    method: 'conventional',
  });
  expectRefusal(result, /at step \d+ \(batch: .*mp4.*checkpoint/, 1);
});

describe('gradcheck', () => {
  const check = (...options: string[]) =>
    run('gradcheck', '--model', at('model'), '--backend', 'wasm', '--json', ...options);

  it.each([
    ['an input without pixels', ['--input', 'MODEL'], /no tensor input\.pixel_values/],
    ['an input that is not there', ['--input', '/nowhere.safetensors'], /There is no file \/nowhere\.safetensors/],
    [
      'a file that cannot be written',
      ['--save', '/nowhere/x.safetensors'],
      /--save \/nowhere\/x\.safetensors cannot be written/,
    ],
    ['β out of range', ['--beta', '9'], /^(error: )?--beta 9: β is 9/m],
    ['β = 0 with exact', ['--beta', '0'], /--beta 0 cannot be inverted/],
    ['a tolerance below 0', ['--tolerance', '-1'], /argument '-1' is invalid.*more than 0/],
    ['a tolerance that is no number', ['--tolerance', 'low'], /argument 'low' is invalid.*more than 0/],
    [
      'a β that is 0 on the grid of exact',
      ['--beta', '1e-6'],
      /^(error: )?--beta 0.000001: β = 0.000001 is 0 on a grid of 1\/32768.*Choose \|β\| ≥/m,
    ],
  ])('%s', async (_, options, message) =>
    expectRefusal(
      await check(...options.map((text) => (text === 'MODEL' ? at('model', 'model.safetensors') : text))),
      message,
    ),
  );
});
