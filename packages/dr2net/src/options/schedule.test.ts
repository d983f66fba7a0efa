import { describe, expect, it } from 'vitest';
import { coefficientSchedule, learningRateSchedule, parseSchedule } from './schedule.ts';

const rate = { lr: 1, lrSchedule: 'cosine', warmup: '0' };

describe('parseSchedule', () => {
  it('reads a name and options: numbers, texts and lists', () => {
    expect(parseSchedule('--schedule', 'dynamic')).toEqual({ name: 'dynamic' });
    expect(parseSchedule('--schedule', 'dynamic:end=60%, ratio=0.6,warmup=frozen')).toEqual({
      name: 'dynamic',
      end: '60%',
      ratio: 0.6,
      warmup: 'frozen',
    });
    expect(parseSchedule('--lr-schedule', 'step:at=60%+80%,factor=1e-1')).toEqual({
      name: 'step',
      at: ['60%', '80%'],
      factor: 0.1,
    });
  });

  it('refuses what is not option=value', () => {
    expect(() => parseSchedule('--schedule', 'dynamic:ratio')).toThrow('"ratio" is not option=value');
  });
});

describe('the schedule of α and β', () => {
  const coefficients = { alpha: 63 / 64, beta: 1 / 64 };

  it('is constant, or dynamic for reversible when α and β are not given', () => {
    expect(coefficientSchedule(rate, 'exact', coefficients, false).at(0, 10)).toMatchObject(coefficients);
    expect(coefficientSchedule(rate, 'reversible', coefficients, false).name).toBe('dynamic');
    expect(coefficientSchedule(rate, 'reversible', coefficients, true).at(5, 10)).toMatchObject(coefficients);
  });

  it('names the nearest schedule and option', () => {
    const schedule = (text: string) => () =>
      coefficientSchedule({ ...rate, schedule: text }, 'exact', coefficients, false);
    expect(schedule('dynamik')).toThrow(/did you mean "dynamic"/);
    expect(schedule('dynamic:ration=1')).toThrow(/takes no option "ration".*"ratio"/);
    expect(schedule('constant:gamma=3')).toThrow(/takes no option "gamma"/);
    expect(schedule('dynamic:ratio=2')).toThrow(/ratio is 2.*from 0 to 1/);
  });

  it('does not take α and β beside a schedule that sets them', () => {
    expect(() => coefficientSchedule({ ...rate, schedule: 'authors' }, 'exact', coefficients, true)).toThrow(
      /--alpha and --beta are for a constant schedule; authors sets them itself/,
    );
    expect(() => coefficientSchedule({ ...rate, schedule: 'constant:alpha=0.5' }, 'exact', coefficients, true)).toThrow(
      /constant:alpha=0.5 sets them itself/,
    );
  });
});

it('the learning rate warms up and follows its schedule', () => {
  const at = (options: Partial<typeof rate>, step: number) =>
    learningRateSchedule({ ...rate, ...options }).at(step, 10, 5);
  expect(at({ warmup: '20%' }, 1)).toBeCloseTo(0.5, 9);
  expect(at({ warmup: '1 epochs' }, 1)).toBeCloseTo(0.2, 9);
  expect(at({ lrSchedule: 'linear:low=0.5' }, 10)).toBeCloseTo(0.5, 9);
  expect(at({ lrSchedule: 'step:at=50%' }, 5)).toBeCloseTo(0.1, 9);
  expect(() => at({ lrSchedule: 'cosin' }, 0)).toThrow(/did you mean "cosine"/);
  expect(() => at({ lrSchedule: 'cosine:rate=3' }, 0)).toThrow(/rate is set by --lr/);
  expect(() => at({ warmup: 'soon' }, 0)).toThrow(/warmup is "soon"/);
});
