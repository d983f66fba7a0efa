/** The viewer for other pages than a scene's own: those of this repository's site, from the sources. */
export { pointsToShow, type ShownScene } from '../report/scene/quantise.ts';
export { makeCloud } from './cloud.ts';
export { type Colouring, colouringsOf } from './colourings.ts';
export { listenToKeys } from './keys.ts';
export { pickPoint } from './pick.ts';
export { makeStage, type Stage } from './stage.ts';
