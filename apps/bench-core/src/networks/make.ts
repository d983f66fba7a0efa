/** A network of any size. */
import { isPoints, isSwin, isVit, type NetworkSize } from '../size.ts';
import type { Network } from './network.ts';
import { makePointBackbone } from './point-backbone.ts';
import { makePoints } from './points.ts';
import { makeSwin } from './swin.ts';
import { makeVit } from './vit.ts';
import { makeYolos } from './yolos.ts';

/** @throws RangeError for a size that the network cannot have */
export async function makeNetwork(size: NetworkSize): Promise<Network> {
  if (isVit(size)) return makeVit(size);
  if (isSwin(size)) return makeSwin(size);
  if (!isPoints(size)) return makeYolos(size);
  return size.part === 'backbone' ? makePointBackbone(size) : makePoints(size);
}
