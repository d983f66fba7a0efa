/** Scenes of points in reports: pictures, a page in 3-D, and the file that both are made of. */
export { type SceneChartOptions, sceneChart, type ViewsChartOptions, viewsChart } from './report/scene/chart.ts';
export { type ScenePageOptions, scenePage } from './report/scene/page.ts';
export { decodeScene, encodeScene, type SceneRecord } from './report/scene/record.ts';
export { type SceneSectionOptions, sceneSection } from './report/scene/section.ts';
