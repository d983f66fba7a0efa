/** The check itself: one pass by the method, one by the conventional network at the same α and β, held against each other. */
import type { HeadRead, Method } from '@dr2net/core';
import { CheckError } from '../errors.ts';
import { compareGradients, type TensorError } from './compare.ts';
import type { CheckSubject, Pass, PassOptions } from './contract.ts';
import { passOnGrids } from './grids.ts';
import { savePass } from './save.ts';

export interface GradcheckResult {
  readonly method: Method['name'];
  /** Those that were used: `exact` takes the nearest on its grid. */
  readonly alpha: number;
  readonly beta: number;
  readonly read: HeadRead;
  readonly loss: number;
  /** |loss − loss of the conventional network|. */
  readonly lossDifference: number;
  readonly worst: { readonly error: number; readonly parameter: string };
  /**
   * Where the network is not smooth: the largest difference between a state of the method and the conventional network's, relative to the
   * state's largest magnitude. Both gradients are of the method's states there.
   */
  readonly stateDifference?: number;
  readonly tolerance: number;
  readonly passed: boolean;
  /** Tensors compared. */
  readonly compared: number;
  /** Tensors that the method gives no gradient. */
  readonly withoutGradient: readonly string[];
  /** Of all reversible runs. */
  readonly stateBytes: number;
  readonly sideBytes: number;
  /** `exact` with verification: whether the rebuilt first state of every run is the stored one, bit for bit. */
  readonly identical?: boolean;
  /** `reversible`: the number of anchors of all runs, and the worst rebuilt-against-stored error of a state. */
  readonly anchors?: number;
  readonly worstAnchorError?: number;
  /** Every tensor, the worst first. */
  readonly parameters: readonly TensorError[];
}

export interface GradcheckSettings extends PassOptions {
  readonly tolerance: number;
  /** Where to write the method's pass. */
  readonly save?: string;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const given = <T>(values: readonly (T | undefined)[]) => values.filter((value) => value !== undefined);

/** What the runs tell about themselves, together. */
function ofAllRuns({ reports, checks }: Pass) {
  const anchors = given(reports.map((report) => report.anchors));
  const identical = given(checks.map((check) => check.identical));
  const errors = given(checks.map((check) => check.worstAnchorError));
  return {
    stateBytes: sum(reports.map((report) => report.stateBytes)),
    sideBytes: sum(reports.map((report) => report.sideBytes)),
    ...(identical.length > 0 && { identical: identical.every((same) => same) }),
    ...(anchors.length > 0 && { anchors: sum(anchors) }),
    ...(errors.length > 0 && { worstAnchorError: Math.max(...errors) }),
  };
}

export async function checkGradients(
  subject: CheckSubject,
  { tolerance, save, ...options }: GradcheckSettings,
): Promise<GradcheckResult> {
  const pass = await passOnGrids(subject, options);
  const { coefficients } = pass.reports[0]!;
  const conventional: PassOptions = { ...options, method: { name: 'conventional' }, coefficients };
  const expected = options.method.name === 'conventional' ? pass : await subject.pass(conventional, pass);
  const parameters = compareGradients(pass.gradients, expected.gradients, subject.cancelled);
  if (save) await savePass(save, pass, await subject.lastStates(conventional), subject.unread);
  const { readingDifference: stateDifference } = expected;
  const worst = parameters[0];
  if (!worst) throw new CheckError(`The method ${options.method.name} gave no gradient at all.`);
  return {
    method: options.method.name,
    ...coefficients,
    read: options.read,
    loss: pass.loss,
    lossDifference: Math.abs(pass.loss - expected.loss),
    worst: { error: worst.error, parameter: worst.parameter },
    tolerance,
    ...(stateDifference === undefined ? {} : { stateDifference }),
    passed: worst.error <= tolerance && (stateDifference ?? 0) <= tolerance,
    compared: parameters.length,
    withoutGradient: [...expected.gradients.keys()].filter((key) => !pass.gradients.has(key)),
    ...ofAllRuns(pass),
    parameters,
  };
}
