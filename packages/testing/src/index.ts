export * from './backends.ts';
export * from './close.ts';
export * from './documents/index.ts';
export * from './leaks.ts';
export * from './shared.ts';
