// How α and β go from the pretrained network to a reversible one: schedules are pure functions of the step.
import { authors, constant, cosineRate, dynamic } from '@dr2net/schedulers';

export const controls = {
  schedule: { label: 'schedule', choices: ['dynamic', 'dynamic, α + β = 1', 'authors', 'constant'], value: 'dynamic' },
  steps: { label: 'steps', min: 100, max: 2000, step: 100, value: 1000 },
  start: { label: 'begins at, %', min: 0, max: 50, step: 5, value: 10 },
  end: { label: 'ends at, %', min: 55, max: 100, step: 5, value: 60 },
};

export function* run({ schedule: name, steps, start, end }) {
  const place = { start: `${start}%`, end: `${end}%` };
  const schedules = {
    dynamic: () => dynamic(place),
    'dynamic, α + β = 1': () => dynamic({ ...place, sum: 1 }),
    authors: () => authors({ unit: 'steps', ...place, every: Math.ceil(steps / 20) }),
    constant: () => constant(63 / 64, 1 / 64),
  };
  const schedule = schedules[name]();
  const rate = cosineRate({ rate: 5e-4, warmup: '5%', low: 1e-6 });

  const epoch = Math.ceil(steps / 10);
  const at = Array.from({ length: 201 }, (_, i) => Math.min(steps - 1, Math.round((i * steps) / 200)));
  const points = (of) => at.map((step) => [step, of(schedule.at(step, steps, epoch))]);
  yield {
    chart: {
      title: 'α and β over the run',
      x: 'step',
      y: 'coefficient',
      series: [
        { name: 'α', points: points(({ alpha }) => alpha) },
        { name: 'β', points: points(({ beta }) => beta) },
        { name: 'α + β', points: points(({ alpha, beta }) => alpha + beta) },
      ],
    },
  };
  yield {
    chart: {
      title: 'Learning rate: cosine with a warm-up',
      x: 'step',
      y: 'rate',
      series: [{ name: 'rate', points: at.map((step) => [step, rate.at(step, steps)]) }],
    },
  };
  const { alpha, beta } = schedule.at(steps - 1, steps, epoch);
  yield {
    say: `It ends at α = ${alpha.toFixed(3)}, β = ${beta.toFixed(3)}. That pair belongs to the model: save it with the weights.`,
  };
  yield { lines: [JSON.stringify(schedule)] };
}
