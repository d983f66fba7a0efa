/** What can go wrong with a backend, each error saying what to do about it. */

/** A backend cannot start here. The message says why and what to do; `reason` and `remedy` hold the two apart. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  constructor(
    /** The backend that was asked for, or `auto`. */
    readonly backend: string,
    readonly reason: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`The backend '${backend}' cannot start: ${reason} ${remedy}`, options);
  }
}

/** A name that is no backend's. */
export class UnknownBackendError extends Error {
  override readonly name = 'UnknownBackendError';
  constructor(given: string, nearest: string, known: readonly string[]) {
    super(`There is no backend '${given}'. Did you mean '${nearest}'? Known: ${known.join(', ')}.`);
  }
}

/** A device computed a known answer wrongly, so nothing it computes can be trusted. */
export class BackendSelfTestError extends Error {
  override readonly name = 'BackendSelfTestError';
  constructor(
    readonly backend: string,
    readonly device: string,
    /** What was computed, and the first element that is wrong. */
    readonly finding: string,
  ) {
    super(
      `The backend '${backend}' on ${device} computes wrong results and is refused: ${finding}. ` +
        'Update the graphics driver (or browser), or use another backend.',
    );
  }
}

/** A tensor larger than what the device can bind or hold. */
export class TensorTooLargeError extends Error {
  override readonly name = 'TensorTooLargeError';
  constructor(
    readonly what: string,
    /** Bytes. */
    readonly size: number,
    /** Bytes. */
    readonly limit: number,
    readonly limitName: string,
  ) {
    super(
      `${what} takes ${size} bytes; this device's limit for one tensor is ${limit} bytes (${limitName}). ` +
        'Use a smaller batch, fewer frames or a smaller size, or a backend with a higher limit.',
    );
  }
}

/** The heap of the backend is exhausted. */
export class DeviceOutOfMemoryError extends Error {
  override readonly name = 'DeviceOutOfMemoryError';
  constructor(backend: string, what: string, size: number, inUse: number) {
    super(
      `The backend '${backend}' is out of memory: ${what} needs ${size} bytes more, ${inUse} bytes are in use. ` +
        'Use a smaller batch, a method that keeps less (reversible, exact), or another backend.',
    );
  }
}

/** The device reported an error of its own (validation, memory), or it is gone. Raised by {@link Backend.check}. */
export class DeviceError extends Error {
  override readonly name: string = 'DeviceError';
}

/** The device is gone (a driver reset, a card that was taken away, too much memory), and every tensor on it with it. */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';
  constructor(
    readonly backend: string,
    device: string,
    reason: string,
  ) {
    super(
      `The backend '${backend}' has lost its device, ${device} (${reason}), and every tensor on it. ` +
        'Dispose the backend, start it again, and go on from the last checkpoint.',
    );
  }
}
