/** A result file: a measurement with where, on what and when it was made. */
import * as v from 'valibot';
import { measurementSchema } from './measurement.ts';

export const resultSchema = 2;

/** Where, on what and when. */
export const provenance = v.object({
  machine: v.object({
    processor: v.string(),
    cores: v.number(),
    memoryBytes: v.optional(v.number()),
    platform: v.string(),
    /** Mean number of running processes when it was asked, where that can be told. */
    load: v.optional(v.number()),
  }),
  versions: v.record(v.string(), v.string()),
  commit: v.string(),
  /** ISO 8601. */
  date: v.pipe(v.string(), v.isoTimestamp()),
});

const schema = v.object({
  schema: v.literal(resultSchema),
  kind: v.literal('bench'),
  ...provenance.entries,
  ...measurementSchema.entries,
  /** Processes of which `times` has the repetitions, one after the other; the other figures are the first one's. */
  rounds: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export type Provenance = v.InferOutput<typeof provenance>;
export type Result = v.InferOutput<typeof schema>;

/** A file that is no result of this version. */
export class ResultError extends Error {
  override readonly name = 'ResultError';
}

/**
 * Checks what was read.
 * @param from for the message: the file
 * @param command that writes such files
 * @throws ResultError
 */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  from: string,
  command: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  throw new ResultError(
    `${from} is no result of \`${command}\` (schema ${resultSchema}): ${where}: ${issue.message}. Remove it, or measure again with --again.`,
  );
}

/** @throws ResultError, which names `from` */
export function checkResult(value: unknown, from: string): Result {
  return checked(schema, value, from, 'pnpm bench');
}

/** The first round and a later one of the same case: more repetitions. */
export function withRound(before: Result, { times }: Pick<Result, 'times'>): Result {
  const joined = {
    forward: [...before.times.forward, ...times.forward],
    step: [...before.times.step, ...times.step],
    optimizer: [...before.times.optimizer, ...times.optimizer],
    ...(before.times.products && { products: [...before.times.products, ...(times.products ?? [])] }),
  };
  return { ...before, times: joined, rounds: before.rounds + 1 };
}
