/** Options that do not go together are refused before anything is started. */
import { expect, it } from 'vitest';
import { makeProgram } from '../scripts/program.ts';

function refusal(args: readonly string[]): Promise<unknown> {
  const program = makeProgram();
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ writeErr() {} });
  return program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

it.each([
  // The form of the page asks these.
  [['--serve', '--backend', 'wasm'], "'--serve' cannot be used with option '--backend <list>'"],
  [['--open', '--scenario', 'small'], "'--open' cannot be used with option '--scenario <list>'"],
  [['--open', '--quick'], "'--open' cannot be used with option '--quick'"],
  [['--open', '--out', 'x'], "'--open' cannot be used with option '--out <folder>'"],
  [['--serve', '--json'], "'--serve' cannot be used with option '--json'"],
  [['--serve', '--open'], "'--serve' cannot be used with option '--open'"],
  // Nobody else opens the page that is driven.
  [['--port', '8080', '--quick'], "'--port <n>' is of the page in your own browser: give --open or --serve too"],
  [['--backend', 'node'], 'There is no backend of a page "node"'],
  [['largest', '--limit', 'much'], '"much" is no size'],
  [['largest', '--axis', 'width'], 'There is no axis "width"'],
])('refuses %j', async (args, message) => {
  expect(await refusal(args)).toMatchObject({ message: expect.stringContaining(message) });
});
