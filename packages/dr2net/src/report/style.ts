/** The reports' style sheet: the system's font, light or dark as the reader's system is, one column on a phone. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2128; --quiet: #59636e; --ground: #ffffff; --line: #d1d9e0; --raised: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9198a1; --ground: #0d1117; --line: #3d444d; --raised: #151b23; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1360px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .75rem; }
p { max-width: 75ch; color: var(--quiet); margin: 0 0 1rem; }
.figures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
figure { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
figcaption { font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; margin: .5rem auto 0; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .25rem 0 0; padding: 0; font-size: .875rem; }
.legend i { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em; }
.summary { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 1rem 0; padding: 0; }
.summary div { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .75rem; }
.summary dt { color: var(--quiet); font-size: .8125rem; }
.summary dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9375rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.wide th, .wide td { white-space: nowrap; }
.wide tbody th { position: sticky; left: 0; background: var(--ground); }
.figures:has(> :nth-child(4):last-child) { grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); }
.drawn { min-width: 0; }
.drawn details { margin: .25rem 0 0; font-size: .875rem; }
.drawn summary { cursor: pointer; color: var(--quiet); }
.drawn .scroll { max-height: 20rem; overflow: auto; }
.terms { display: grid; gap: .25rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); font-size: .8125rem; margin: 1rem 0; }
.terms dt { display: inline; font-weight: 600; }
.terms dd { display: inline; margin: 0 0 0 .4em; color: var(--quiet); }
thead th { color: var(--quiet); font-weight: 500; font-size: .8125rem; white-space: nowrap; }
tbody th { font-weight: 500; overflow-wrap: normal; }
#tip { position: fixed; pointer-events: none; background: var(--ink); color: var(--ground); padding: .2rem .5rem; border-radius: 6px; font-size: .8125rem; max-width: 90vw; z-index: 1; }
#tip[hidden] { display: none; }
`.trim();
