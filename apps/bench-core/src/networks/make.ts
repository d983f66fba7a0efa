/** A network of any size. */
import { isVit, type NetworkSize } from '../size.ts';
import type { Network } from './network.ts';
import { makePointBackbone } from './point-backbone.ts';
import { makePoints } from './points.ts';
import { makeVit } from './vit.ts';

export function makeNetwork(size: NetworkSize): Network {
  if (isVit(size)) return makeVit(size);
  return size.part === 'backbone' ? makePointBackbone(size) : makePoints(size);
}
