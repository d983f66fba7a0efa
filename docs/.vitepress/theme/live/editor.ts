/** The source of an example, to be edited: a text area at once, CodeMirror as soon as it is there. */
import { make } from './dom.ts';

export interface Editor {
  readonly element: HTMLElement;
  text(): string;
  reset(source: string): void;
}

export function editorOf(source: string): Editor {
  const area = make('textarea', { class: 'live-code', spellcheck: 'false', rows: 16, 'aria-label': 'Source' });
  area.value = source;
  const element = make('div', { class: 'live-editor' }, area);
  let text = () => area.value;
  let reset = (to: string) => {
    area.value = to;
  };
  void upgrade(element, area).then((editor) => {
    if (editor) ({ text, reset } = editor);
  });
  return { element, text: () => text(), reset: (to) => reset(to) };
}

async function upgrade(element: HTMLElement, area: HTMLTextAreaElement): Promise<Omit<Editor, 'element'> | undefined> {
  const [{ EditorView, basicSetup }, { javascript }] = await Promise.all([
    import('codemirror'),
    import('@codemirror/lang-javascript'),
  ]);
  // Whoever has begun to type keeps the place where it is typed.
  if (document.activeElement === area) return undefined;
  const view = new EditorView({
    doc: area.value,
    parent: element,
    extensions: [basicSetup, javascript(), EditorView.contentAttributes.of({ 'aria-label': 'Source', tabindex: '0' })],
  });
  area.remove();
  return {
    text: () => view.state.doc.toString(),
    reset: (to) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: to } }),
  };
}
