export * from './answer.ts';
export * from './child.ts';
export * from './dr2net.ts';
export * from './files.ts';
export * from './interrupt.ts';
export * from './machine.ts';
export * from './user-path.ts';
