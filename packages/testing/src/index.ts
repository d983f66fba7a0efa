export * from './backends.ts';
export * from './close.ts';
export * from './leaks.ts';
export * from './readme.ts';
export * from './shared.ts';
