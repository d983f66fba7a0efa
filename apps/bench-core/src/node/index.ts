export * from './backends.ts';
export * from './files.ts';
export * from './finish.ts';
export * from './largest.ts';
export * from './largest-options.ts';
export * from './options.ts';
export * from './progress.ts';
export * from './run.ts';
