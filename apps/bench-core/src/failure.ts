/** A case that could not be measured, as a file beside the results: a peer that does not fit is a result too. */
import * as v from 'valibot';
import { caseSchema } from './measurement.ts';
import { checked, provenance, resultSchema } from './result.ts';
import { peerNames, type SubjectName } from './subjects/names.ts';

const schema = v.object({
  schema: v.literal(resultSchema),
  kind: v.literal('bench-failure'),
  ...provenance.entries,
  case: caseSchema,
  reason: v.string(),
});

export type FailureResult = v.InferOutput<typeof schema>;
export type Failure = Pick<FailureResult, 'case' | 'reason'>;

/** @throws ResultError, which names `from` */
export function checkFailure(value: unknown, from: string): FailureResult {
  return checked(schema, value, from, 'pnpm bench');
}

/** Of what a process wrote before it ended, the line that names the error; otherwise all of it. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^\s*(?:Uncaught )?(\w*Error: .+)$/m.exec(message)?.[1] ?? message;
}

/** Whether it was memory that was missing. */
export function doesNotFit({ reason }: Failure): boolean {
  return /out ?of ?memory|\bOOM\b|allocation failed/i.test(reason);
}

/** A peer that does not fit tells something about the peer; everything else is an error of the run. */
export function isError(failure: Failure): boolean {
  const isPeer = (peerNames as readonly SubjectName[]).includes(failure.case.subject);
  return !(isPeer && doesNotFit(failure));
}
