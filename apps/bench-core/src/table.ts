/** Rows, and cases that could not be measured, as cells of text: for Markdown and for HTML. */
import { type Column, caseColumns, columns } from './columns.ts';
import { doesNotFit, type Failure } from './failure.ts';
import type { Row } from './rows.ts';

export interface Table {
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

/** Where a failure is told: the last column. */
const told = 'checks';

const oneLine = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '/');
const why = (failure: Failure) =>
  `${doesNotFit(failure) ? 'does not fit' : 'NOT MEASURED'}: ${oneLine(failure.reason)}`;

/** Without columns of which no row has anything. */
export function tableOf(rows: readonly Row[], failures: readonly Failure[] = []): Table {
  const cases = [...rows.map(({ result }) => result.case), ...failures.map((failure) => failure.case)];
  const ofCase = caseColumns.filter(({ cell }) => cases.some((one) => cell(one) !== undefined));
  const ofRow = columns.filter(
    ({ name, cell }) => rows.some((row) => cell(row) !== undefined) || (name === told && failures.length > 0),
  );
  const cells = <Of>(list: readonly Column<Of>[], of: Of) => list.map(({ cell }) => cell(of) ?? '–');
  return {
    head: [...ofCase, ...ofRow].map(({ name }) => name),
    body: [
      ...rows.map((row) => [...cells(ofCase, row.result.case), ...cells(ofRow, row)]),
      ...failures.map((failure) => [
        ...cells(ofCase, failure.case),
        ...ofRow.map(({ name }) => (name === told ? why(failure) : '–')),
      ]),
    ],
  };
}
