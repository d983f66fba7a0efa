/** The errors of this package, one class a cause; each message names the value and what to do about it. */

/** α or β cannot be used: not finite, or β = 0 with a method that inverts. */
export class CoefficientsError extends Error {
  override readonly name = 'CoefficientsError';
}

/** A method, a head read or one of their options is not what the run can use. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
}

/** A tensor does not have the shape of the states, or a run has nothing to run over. */
export class RunShapeError extends Error {
  override readonly name = 'RunShapeError';
}

/** `exact`: a state left the range of the grid, or is not finite. */
export class StateRangeError extends Error {
  override readonly name = 'StateRangeError';
  /**
   * @param state the state, and the sub-block that gave it
   * @param largest the largest magnitude in it, in the states' own units
   * @param limit the largest magnitude that the grid holds
   */
  constructor(
    readonly state: string,
    readonly largest: number,
    readonly limit: number,
    fractionBits: number,
  ) {
    super(
      Number.isFinite(largest)
        ? `${state} reaches ${largest.toPrecision(6)}, beyond the ±${limit} that ${fractionBits} fraction bits hold. ` +
            `Lower fractionBits by ${Math.ceil(Math.log2(largest / limit)) + 1} or more, let an ExactScale choose them, or take the method conventional or checkpoint.`
        : `${state} is not finite, or far beyond the ±${limit} that ${fractionBits} fraction bits hold. ` +
            'Look for NaN and infinity in the input and the weights (a learning rate that is too high?); if there are none, lower fractionBits.',
    );
  }
}

/** `reversible`: the anchors that were asked for are predicted not to keep the tolerance. */
export class ToleranceError extends Error {
  override readonly name = 'ToleranceError';
  /**
   * @param predicted relative error that rebuilding would add to the gradients
   * @param tolerance what was allowed
   */
  constructor(
    message: string,
    readonly predicted: number,
    readonly tolerance: number,
  ) {
    super(message);
  }
}

/** What was rebuilt is not what was stored: by a bit (`exact` with `verify`), or beyond all rounding (`reversible`). */
export class RebuildError extends Error {
  override readonly name = 'RebuildError';
}

/** `fromFunction`: the tape has no gradient of an op, or of any. */
export class MissingGradientError extends Error {
  override readonly name = 'MissingGradientError';
}
