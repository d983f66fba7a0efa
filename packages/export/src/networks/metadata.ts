/** What is written into a file beside the network. */
import { type Coefficients, type HeadRead, type Method, methodCoefficients } from '@dr2net/core';

/** The recurrence that belongs to the weights: without it they are another network. */
export interface TrainedCoefficients {
  readonly coefficients: Coefficients;
  readonly method: Method;
  readonly read?: HeadRead;
}

export interface Described extends TrainedCoefficients {
  readonly task: string;
  readonly architecture: string;
  readonly labels?: readonly string[];
}

/** Those that it runs with: `exact` has them on a grid, and with β = 0 every method runs the same network. */
export const usedCoefficients = ({ coefficients, method }: TrainedCoefficients): Coefficients =>
  coefficients.beta === 0 ? coefficients : methodCoefficients(method, coefficients);

/** Every value a string; lists as JSON. */
export function metadata(
  { task, architecture, coefficients, method, read = 'last', labels }: Described,
  more: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const { alpha, beta } = usedCoefficients({ coefficients, method });
  const all: Record<string, unknown> = {
    task,
    architecture,
    alpha,
    beta,
    method: method.name,
    head_read: read,
    ...(labels && { classes: labels }),
    ...more,
  };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [
      `dr2net.${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}
