export * from './context.ts';
export * from './parameter.ts';
export * from './pullback.ts';
