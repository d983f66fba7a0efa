/** The style of a scene's page: the picture fills the window beside the panel, and above it on a narrow screen. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2128; --quiet: #59636e; --ground: #f4f6f8; --line: #d1d9e0; --raised: #ffffff; --mark: #2f81d6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9198a1; --ground: #14181e; --line: #3d444d; --raised: #1b2129; }
}
* { box-sizing: border-box; }
html, body { height: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; overflow: hidden; }
canvas { position: fixed; inset: 0 0 0 264px; width: calc(100% - 264px); height: 100%; display: block; touch-action: none; cursor: grab; outline-offset: -3px; }
canvas:active { cursor: grabbing; }
:focus-visible { outline: 2px solid var(--mark); }
#panel { position: fixed; top: 12px; left: 12px; width: 250px; max-height: calc(100% - 24px); overflow: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
h1 { font-size: 1.05rem; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; }
p { margin: 0; color: var(--quiet); font-size: .8125rem; }
fieldset { border: 0; margin: 12px 0 0; padding: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; font-size: .8125rem; margin-bottom: 2px; }
label { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
label small { margin-left: auto; padding-left: 8px; color: var(--quiet); font-variant-numeric: tabular-nums; }
input { margin: 0; accent-color: var(--mark); flex: none; }
input[type=range] { width: 100%; }
i { width: 12px; height: 12px; border-radius: 3px; flex: none; }
i[hidden], #ramp[hidden] { display: none; }
kbd { margin-left: auto; font: 11px/1 ui-monospace, monospace; border: 1px solid var(--line); border-radius: 4px; padding: 2px 5px; color: var(--quiet); }
#ramp { height: 10px; border-radius: 3px; margin: 2px 0 4px; }
.sides { display: grid; grid-template-columns: repeat(4, 1fr); gap: 4px; }
button { font: inherit; font-size: .8125rem; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 6px; padding: 2px 0; cursor: pointer; }
button:hover { border-color: var(--mark); }
#told { margin-top: 10px; min-height: 2.9em; font-size: .8125rem; font-variant-numeric: tabular-nums; }
details { margin-top: 8px; font-size: .8125rem; color: var(--quiet); }
summary { cursor: pointer; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 10px; margin: 4px 0 0; }
dt { white-space: nowrap; } dd { margin: 0; }
#tip { position: fixed; pointer-events: none; white-space: pre; background: var(--ink); color: var(--ground); padding: 3px 8px; border-radius: 6px; font-size: .8125rem; }
#tip[hidden] { display: none; }
#without { display: none; position: fixed; inset: 0; place-content: center; text-align: center; padding: 2rem; }
.without #without { display: grid; }
.without canvas, .without #panel { display: none; }
@media (max-width: 640px) {
  canvas { inset: 0; width: 100%; height: 55%; }
  #panel { top: 55%; left: 0; right: 0; bottom: 0; width: auto; max-height: none; border-radius: 0; border-width: 1px 0 0; }
}
`.trim();
