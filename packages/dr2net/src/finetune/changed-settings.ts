/** What a resumed run is told otherwise than the run that it goes on with. */

type Settings = Readonly<Record<string, unknown>>;

/** What tells of this process, changes nothing that is computed, or is told by the loop. */
const ofNoEffect: ReadonlySet<string> = new Set([
  'out',
  'resume',
  'overwrite',
  'cache',
  'label',
  'inspect',
  'checkpoint every',
  'evaluate every',
  'epochs',
  'steps',
]);

const inWords = (value: unknown) => (value === undefined ? 'not given' : String(value));

/**
 * A line for each option that differs.
 * @param before as the run's first record has them
 */
export function changedSettings(before: Settings, now: Settings): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names]
    .filter((name) => !ofNoEffect.has(name) && before[name] !== now[name])
    .map(
      (name) =>
        `--resume: ${name} was ${inWords(before[name])} when the run began and is ${inWords(now[name])} now; the run goes on with the new value.`,
    );
}
