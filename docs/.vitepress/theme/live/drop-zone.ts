/** A place to drop files on, with a field to choose them by, for whoever has no mouse. */
import type { UserFile } from '../../../workers/user-file.ts';
import { make } from './dom.ts';
import { filesOf } from './dropped.ts';

export interface DropZoneOptions {
  /** What may be dropped here. */
  readonly text: string;
  /** The field's name. */
  readonly label: string;
  /** Whether the field chooses a folder; a folder can be dropped in any case. */
  readonly folder: boolean;
  take(files: readonly UserFile[]): void;
  fail(message: string): void;
}

export function dropZone({ text, label, folder, take, fail }: DropZoneOptions): HTMLElement {
  const given = (files: readonly UserFile[]) =>
    files.length > 0 ? take(files) : fail('There are no files in what was chosen.');
  const input = make('input', { type: 'file', multiple: true, webkitdirectory: folder, 'aria-label': label });
  input.addEventListener('change', () => {
    given([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
    // The same file may be chosen again.
    input.value = '';
  });
  const zone = make('div', { class: 'live-drop' }, text, input);
  zone.addEventListener('dragover', (event) => event.preventDefault());
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    if (event.dataTransfer)
      filesOf(event.dataTransfer).then(given, (error) => fail(error instanceof Error ? error.message : String(error)));
  });
  return zone;
}
