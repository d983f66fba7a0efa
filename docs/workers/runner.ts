/**
 * The worker of the live examples: starts a backend, loads the example's source as a module, runs it with the reader's values and
 * sends what it yields.
 */
import { base } from './base.ts';
import { importable } from './importable.ts';
import type { Answer, Controls, Output, Request, Values } from './protocol.ts';
import { rewriteImports } from './rewrite.ts';
import { serve } from './serve.ts';
import { start } from './start.ts';

interface Example {
  readonly controls?: Controls;
  run(values: Values): AsyncIterable<Output> | Iterable<Output>;
}

const say = (answer: Answer) => postMessage(answer);

let example: Example | undefined;
let newest = 0;

async function load(source: string, name: string): Promise<void> {
  const starting = start(name).then(({ backend, note }) =>
    say({
      ...{ type: 'started', backend: backend.name, device: backend.device },
      ...(note !== undefined && { note }),
    }),
  );
  const url = URL.createObjectURL(
    new Blob([await rewriteImports(source, importable, base.href)], { type: 'text/javascript' }),
  );
  try {
    const module: Partial<Example> = await import(/* @vite-ignore */ url);
    if (typeof module.run !== 'function')
      throw new Error('An example exports `run(values)`, a generator of what it shows.');
    example = { run: module.run, ...(module.controls && { controls: module.controls }) };
  } finally {
    URL.revokeObjectURL(url);
  }
  await starting;
  say({ type: 'loaded', controls: example.controls ?? {} });
}

async function run(id: number, values: Values): Promise<void> {
  newest = id;
  const begun = performance.now();
  for await (const output of example?.run(values) ?? []) {
    if (newest !== id) return;
    say({ type: 'output', run: id, output });
    // Lets a newer request in.
    await new Promise((next) => setTimeout(next));
    if (newest !== id) return;
  }
  say({ type: 'done', run: id, seconds: (performance.now() - begun) / 1000 });
}

/** An example is loaded before it runs, and a run ends before the next begins. */
const inTurn = serve<Request>((request) => {
  if (request.type === 'load') return load(request.source, request.backend);
  return request.run === newest ? run(request.run, request.values) : undefined;
});

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.type === 'run') newest = data.run;
  inTurn(data);
});
