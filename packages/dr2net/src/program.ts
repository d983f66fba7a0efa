/** The program: its commands, and what becomes of errors. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addDoctor } from './commands/doctor.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addFinetune } from './commands/finetune.ts';
import { addGradcheck } from './commands/gradcheck.ts';
import { addInfo } from './commands/info.ts';
import { addInit } from './commands/init.ts';
import { addPlan } from './commands/plan.ts';
import { addPredict } from './commands/predict.ts';
import { CheckError, exitCodeOf, exitCodes, explain, UsageError } from './errors.ts';
import { createOutput, type Output, type Streams } from './output.ts';

const exitCodeHelp = `
Exit codes:
  0    done
  1    a check failed, or training could not go on
  2    bad usage or input
  70   a fault of dr2net itself
  130  interrupted (Ctrl-C, SIGTERM); finetune saves first`;

/** A program that writes to `output`; made anew for every run, as commander keeps the parsed values in it. */
export function createProgram(output: Output, streams: Streams): Command {
  const program = new Command('dr2net')
    .description('Finetune pretrained transformers with activation memory that does not grow with depth.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      // Errors are printed once, by `run`.
      outputError: () => {},
    })
    .addHelpText('after', exitCodeHelp);
  const all = [addInit, addDoctor, addInfo, addPlan, addFinetune, addEvaluate, addPredict, addExport, addGradcheck];
  for (const add of all) {
    const command = add(program, output);
    command
      .optionsGroup('Output:')
      .option('--json', 'print one JSON object on standard output, everything else on standard error')
      .option('--debug', 'show where an error came from')
      .addHelpText('after', exitCodeHelp);
    requireLate(command);
  }
  return program;
}

/**
 * Missing options are complained of after unknown ones, not before: a misspelt option is unknown and missing, and only
 * the first complaint names the nearest known one.
 */
function requireLate(command: Command): void {
  const required = command.options.filter(({ mandatory }) => mandatory);
  for (const option of required) option.mandatory = false;
  command.hook('preAction', () => {
    const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing) throw new UsageError(`required option '${missing.flags}' not specified`);
  });
}

/**
 * Runs one command line.
 * @param args the arguments without `node` and the script
 * @returns the exit code
 */
export async function run(args: readonly string[], streams: Streams): Promise<number> {
  const output = createOutput(args, streams);
  try {
    await createProgram(output, streams).parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    // `--help` and `--version` end by an error with the code 0; help without a command is printed already.
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    const code = exitCodeOf(error);
    const message = isHelp(error) ? 'no command given' : explain(error, code);
    // Help is printed already.
    if (!isHelp(error)) output.note(message);
    if (args.includes('--debug') && error instanceof Error) output.note(stackOf(error));
    output.result({
      ...(error instanceof CheckError ? error.result : {}),
      error: {
        name: nameOf(error),
        message: message.replace(/^error: /, ''),
        exitCode: code,
      },
    });
    return code;
  }
}

const isHelp = (error: unknown) => error instanceof CommanderError && error.code === 'commander.help';

function nameOf(error: unknown): string {
  if (error instanceof CommanderError) return 'UsageError';
  return error instanceof Error ? error.name : 'Error';
}

function stackOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
