/** The pages in the order in which they are read. */
import type { DefaultTheme } from 'vitepress';
import { entriesOfDr2net, packageNames } from './markdown/sources.ts';

const page = (text: string, link: string): DefaultTheme.SidebarItem => ({ text, link });

const guide = {
  text: 'Guide',
  items: [
    page('Start', '/guide/start'),
    page('Why it saves memory', '/guide/why'),
    page('Choosing a method', '/guide/methods'),
    page('Your own weights', '/guide/weights'),
    page('Your own data', '/guide/data'),
    page('Your own residual blocks', '/guide/blocks'),
    page('From Python to a browser and back', '/guide/python'),
    page('Planning memory', '/guide/memory'),
    page('Numbers to be trusted', '/guide/numbers'),
    page('Backends and their traps', '/guide/backends'),
    page('Writing a kernel', '/guide/kernels'),
  ],
};

const live = {
  text: 'Live',
  items: [
    page('The recurrence', '/live/recurrence'),
    page('Memory of a step', '/live/memory'),
    page('Schedules', '/live/schedules'),
    page('Finetune in this tab', '/live/finetune'),
    page('Point clouds in 3-D', '/live/points'),
    page('Boxes on images', '/live/boxes'),
  ],
};

const papers = {
  text: 'Papers',
  items: [
    page('One recurrence', '/papers/'),
    page('Dr2Net', '/papers/dr2net'),
    page('RevViT', '/papers/revvit'),
    page('Re2TAL', '/papers/re2tal'),
    page('Momentum ResNet', '/papers/momentum'),
    page('BDIA', '/papers/bdia'),
    page('Maclaurin', '/papers/maclaurin'),
  ],
};

const more = {
  text: 'More',
  items: [
    page('Other systems', '/comparison'),
    page('What it costs, measured', '/repository/readme'),
    page('Benchmarks and studies', '/repository/bench'),
    page('The example of npm start', '/repository/start'),
    page('Working on it', '/repository/contributing'),
  ],
};

const reference = {
  text: 'API reference',
  items: [
    page('All packages', '/api/'),
    ...packageNames.map((name) => page(name === 'dr2net' ? name : `@dr2net/${name}`, `/api/${name}`)),
    ...entriesOfDr2net.map((name) => page(`dr2net/${name}`, `/api/dr2net/${name}`)),
  ],
};

const packages = {
  text: 'Packages',
  items: [
    ...packageNames.map((name) => page(name === 'dr2net' ? name : `@dr2net/${name}`, `/packages/${name}`)),
    page('API reference', '/api/'),
  ],
};

export const nav: DefaultTheme.NavItem[] = [
  { text: 'Guide', link: '/guide/start' },
  { text: 'Live', link: '/live/recurrence' },
  { text: 'Papers', link: '/papers/' },
  { text: 'API', link: '/api/' },
];

/** The reference is a part of its own, whose pages would make the list of all others long. */
export const sidebar = {
  '/': [guide, live, papers, packages, more],
  '/api/': [reference, packages],
} satisfies DefaultTheme.Sidebar;
