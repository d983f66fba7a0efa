/** Options of the command lines, in Node and for pages. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Case, caseName } from '../case.ts';
import { known } from '../nearest.ts';
import { type Changes, casesOf, scenarios } from '../scenarios.ts';
import { type SubjectName, subjectNames } from '../subjects/names.ts';

export const count =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return value;
  };

export const counts = (text: string): number[] => text.split(',').map(count(1));

/** A list of known names; the message of an unknown one is the argument's. */
export const names =
  <Name extends string>(look: (given: string) => Name) =>
  (text: string): Name[] =>
    text.split(',').map((part) => {
      try {
        return look(part.trim());
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });

/** What is measured, as a user asks for it on the command line. */
export interface CaseFlags {
  scenario: string[];
  method?: SubjectName[];
  depth?: number[];
  tokens?: number[];
  points?: number[];
  pixels?: number[];
  batch?: number[];
  chunks?: number;
  repetitions?: number;
  seconds?: number;
  rounds: number;
  out?: string;
  again?: true;
  quick?: true;
  json?: true;
}

const scenarioNames = scenarios.map(({ name }) => name);

/** @param overview the scenarios where none is named */
export function addCaseOptions(command: Command, overview: readonly string[]): Command {
  const scenario = names((given) => known('scenario', given, scenarioNames));
  const method = names((given) => known('method', given, subjectNames));
  const titles = scenarios.map(({ name, title }) => `${name}: ${title}`).join('; ');
  return command
    .option('--scenario <list>', titles, scenario, [...overview])
    .option('--method <list>', `${subjectNames.join(', ')}, instead of the scenario's own`, method)
    .option('--depth <list>', 'blocks', counts)
    .option('--tokens <list>', 'n² + 1 (an image) or 196 · k (a clip of 2k frames)', counts)
    .option('--points <list>', 'of a cloud, a multiple of 16 (scenarios of points)', counts)
    .option('--pixels <list>', 'of a picture a side, a multiple of 224 (scenario swin)', counts)
    .option('--batch <list>', 'samples', counts)
    .option('--chunks <n>', 'parts in which MLPs work on their tokens and attention on its heads', count(1))
    .option('--repetitions <n>', 'timed steps', count(1))
    .option('--seconds <n>', 'after so long no further step is timed, but for the first three', count(1))
    .option('--rounds <n>', 'times every case is measured, all cases in turn', count(1), 1)
    .option('--out <folder>', 'folder of the result files (default: results/<date>-<adapter>)')
    .option('--again', 'measure again what has a file')
    .addOption(new Option('--quick', 'the scenario quick, anew, into runs/').conflicts('scenario'))
    .option('--json', 'print one JSON object on standard output, everything else on standard error');
}

function changesOf({ method, depth, tokens, points, pixels, batch, chunks, repetitions, seconds }: CaseFlags): Changes {
  return {
    ...(method && { subjects: method }),
    ...(depth && { depth }),
    ...(tokens && { tokens }),
    ...(points && { points }),
    ...(pixels && { pixels }),
    ...(batch && { batch }),
    ...(chunks !== undefined && { chunks }),
    ...(repetitions !== undefined && { repetitions }),
    ...(seconds !== undefined && { budgetSeconds: seconds }),
  };
}

/**
 * Every case once, though several scenarios may have it.
 * @throws Error where there is none; RangeError for tokens or points that cannot be had, and for what a scenario has no use for
 */
export function casesAsked(flags: CaseFlags, backends: readonly string[]): Case[] {
  const asked = scenarios.filter(({ name }) => (flags.quick ? name === 'quick' : flags.scenario.includes(name)));
  const all = asked.flatMap((scenario) => casesOf(scenario, backends, changesOf(flags)));
  if (all.length === 0)
    throw new Error('Nothing to measure: none of the backends is there, or none of the methods runs on them.');
  return [...new Map(all.map((one) => [caseName(one), one])).values()];
}
