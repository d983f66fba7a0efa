/** Shows progress, a table of what there is so far, and the report. */
import { element } from './form.ts';

export function showProgress(text: string, fraction: number): void {
  const box = element('progress');
  box.hidden = false;
  const [bar, line] = [box.querySelector('progress'), box.querySelector('p')];
  if (bar) bar.value = fraction;
  if (line) line.textContent = text;
}

/** @param failures a line each, below the rows */
export function showTable(
  head: readonly string[],
  body: readonly (readonly string[])[],
  failures: readonly string[],
): void {
  const table = document.createElement('table');
  const headRow = table.createTHead().insertRow();
  for (const name of head) headRow.append(Object.assign(document.createElement('th'), { textContent: name }));
  const rows = table.createTBody();
  for (const cells of body) {
    const row = rows.insertRow();
    for (const cell of cells) {
      const td = row.insertCell();
      td.textContent = cell;
      if (/^[A-Z]{3}|; [A-Z]{3}/.test(cell)) td.className = 'bad';
    }
  }
  for (const failure of failures) {
    const row = rows.insertRow();
    row.className = 'failed';
    const cell = Object.assign(row.insertCell(), { colSpan: Math.max(1, head.length), className: 'bad' });
    cell.textContent = failure;
  }
  element('table').replaceChildren(table);
}

/** @param html undefined where nothing was measured */
export function showReport(html: string | undefined): void {
  const frame = element<HTMLIFrameElement>('charts');
  frame.hidden = html === undefined;
  frame.addEventListener(
    'load',
    () => {
      frame.style.height = `${(frame.contentDocument?.documentElement.scrollHeight ?? 900) + 20}px`;
    },
    { once: true },
  );
  frame.srcdoc = html ?? '';
}
