/** What can be wrong with a model on disk or with what is asked of it. Every message names the value and the remedy. */

/** The folder, URL or hub id holds no model, or cannot be read. */
export class ModelSourceError extends Error {
  override readonly name = 'ModelSourceError';
}

/** `config.json` names an architecture that this package does not build, or a variant of one that it does not support. */
export class UnsupportedArchitectureError extends Error {
  override readonly name = 'UnsupportedArchitectureError';
}

/** A field of `config.json` is missing or has a value that cannot be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The weight file is not a whole, well-formed safetensors file. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** A tensor that the architecture needs is not in the weight file. */
export class MissingTensorError extends Error {
  override readonly name = 'MissingTensorError';
}

/** A tensor of the weight file has another shape than the architecture needs. */
export class TensorShapeError extends Error {
  override readonly name = 'TensorShapeError';
}

/** An option (`depth`, `frames`, `size`, `tubelet`, …) does not fit the model. */
export class ModelOptionError extends RangeError {
  override readonly name = 'ModelOptionError';
}
