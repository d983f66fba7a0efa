/** The check itself: one pass by the method, one by the conventional network at the same α and β, held against each other. */
import { ExactScale, type HeadRead, type Method } from '@dr2net/core';
import { CheckError } from '../errors.ts';
import { compareGradients, type TensorError } from './compare.ts';
import type { CheckSubject, PassOptions } from './contract.ts';
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
  readonly tolerance: number;
  readonly passed: boolean;
  /** Tensors compared. */
  readonly compared: number;
  /** Tensors that the method gives no gradient. */
  readonly withoutGradient: readonly string[];
  readonly stateBytes: number;
  readonly sideBytes: number;
  /** `exact` with verification: whether the rebuilt first state is the stored one, bit for bit. */
  readonly identical?: boolean;
  /** `reversible`: the number of anchors, and the worst rebuilt-against-stored error of a state. */
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

/**
 * `exact` with the scale that the states' measured range asks for: WebGPU cannot measure it within a run, as it reads
 * asynchronously only. Other methods as they are.
 */
async function withGrid(subject: CheckSubject, options: PassOptions): Promise<PassOptions> {
  const { method } = options;
  if (method.name !== 'exact' || method.fractionBits !== undefined) return options;
  const scale = new ExactScale();
  scale.observe(await subject.range(options));
  return { ...options, scale };
}

export async function checkGradients(
  subject: CheckSubject,
  { tolerance, save, ...options }: GradcheckSettings,
): Promise<GradcheckResult> {
  const pass = await subject.pass(await withGrid(subject, options));
  const { report, check } = pass;
  const conventional: PassOptions = { ...options, method: { name: 'conventional' }, coefficients: report.coefficients };
  const expected = options.method.name === 'conventional' ? pass : await subject.pass(conventional, pass);
  const parameters = compareGradients(pass.gradients, expected.gradients);
  if (save) await savePass(save, pass, await subject.lastStates(conventional), subject.unread);
  const worst = parameters[0];
  if (!worst) throw new CheckError(`The method ${options.method.name} gave no gradient at all.`);
  return {
    method: options.method.name,
    ...report.coefficients,
    read: options.read,
    loss: pass.loss,
    lossDifference: Math.abs(pass.loss - expected.loss),
    worst: { error: worst.error, parameter: worst.parameter },
    tolerance,
    passed: worst.error <= tolerance,
    compared: parameters.length,
    withoutGradient: [...expected.gradients.keys()].filter((key) => !pass.gradients.has(key)),
    stateBytes: report.stateBytes,
    sideBytes: report.sideBytes,
    ...(check.identical === undefined ? {} : { identical: check.identical }),
    ...(report.anchors === undefined ? {} : { anchors: report.anchors }),
    ...(check.worstAnchorError === undefined ? {} : { worstAnchorError: check.worstAnchorError }),
    parameters,
  };
}
