/** Checks of options, with messages that name the owner, the option, its value and what it may be. */
import { nearestName } from '@dr2net/models';

/** Throws a RangeError unless the number is finite and accepted. */
export function requireNumber(
  owner: string,
  option: string,
  value: number,
  accepts: (value: number) => boolean,
  must: string,
): void {
  if (!(Number.isFinite(value) && accepts(value)))
    throw new RangeError(
      `${owner}: ${option} is ${value}; it must be ${must.startsWith('a ') ? must : `a finite number ${must}`}.`,
    );
}

/** Throws a TypeError for an option that does not exist, with the nearest that does: none is accepted and ignored. */
export function refuseUnknown<Options extends object>(
  owner: string,
  options: Options,
  known: Readonly<Record<keyof Options, true>>,
): void {
  const names = Object.keys(known);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const near = nearestName(name, names);
    throw new TypeError(
      `${owner} has no option ${name}${near === undefined ? '.' : `; did you mean ${near}?`} It has: ${names.join(', ')}.`,
    );
  }
}
