/**
 * `pnpm sizes`: measures, writes what it measured to sizes.json and from there into the table of CONTRIBUTING.md, and says what is over its
 * budget; `--accept` makes budgets of what it measures.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../src/public-packages.ts';
import { budgets, budgetsFile, measureSizes, recordFile, type Sizes } from '../src/sizes/measure.ts';
import { sizeTable, withTable } from '../src/sizes/table.ts';

const unknown = process.argv.slice(2).filter((flag) => flag !== '--accept');
if (unknown.length > 0) throw new Error(`Unknown option ${unknown[0]}: there is only --accept.`);

/** 3 % above what is measured, so that small changes pass, and up to the next hundred bytes. */
const budgetFor = (bytes: number) => Math.ceil((bytes * 1.03) / 100) * 100;

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

function over(name: string, { full, smallest }: Sizes): boolean {
  const budget = budgets[name];
  return !budget || full > budget.full || smallest > budget.smallest;
}

const sizes = await measureSizes();
const entries = Object.entries(sizes);
writeFileSync(recordFile, json(sizes));
const page = join(repository, 'CONTRIBUTING.md');
const table = sizeTable(sizes);
writeFileSync(page, withTable(readFileSync(page, 'utf8'), table));
console.log(table);
if (process.argv.includes('--accept')) {
  const accepted = entries.map(([name, { full, smallest }]) => [
    name,
    { full: budgetFor(full), smallest: budgetFor(smallest) },
  ]);
  writeFileSync(budgetsFile, json(Object.fromEntries(accepted)));
} else {
  for (const [name, measured] of entries.filter(([name, measured]) => over(name, measured))) {
    console.error(
      `${name} is over its budget: ${JSON.stringify(measured)}, budget ${JSON.stringify(budgets[name] ?? 'none')}`,
    );
    process.exitCode = 1;
  }
}
