/** The name of the file in a run's checkpoint folder. */
export const checkpointName = 'checkpoint.safetensors';
