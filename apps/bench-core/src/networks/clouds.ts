/** Random clouds of three kinds of things, a class each: wavy ground, upright stems, round crowns. No two points are the same. */
import { randomFrom } from '@dr2net/models';
import { type PointSize, pointClasses } from '../point-size.ts';

export interface Clouds {
  /** [batch·points·3], metres, some ten across */
  readonly positions: Float32Array;
  /** [batch·points] */
  readonly labels: Int32Array;
}

/** Things of a kind in a cloud. */
const things = 8;

export function randomClouds({ batch, points }: Pick<PointSize, 'batch' | 'points'>): Clouds {
  const positions = new Float32Array(3 * batch * points);
  const labels = new Int32Array(batch * points);
  for (let b = 0; b < batch; b++) {
    const random = randomFrom(4, 'cloud', b);
    const places = Array.from({ length: things }, () => [random.between(0, 10), random.between(0, 10)] as const);
    const point = (label: number): readonly [number, number, number] => {
      const [x, y] = places[random.below(things)]!;
      const angle = random.between(0, 2 * Math.PI);
      if (label === 1) return [x + 0.2 * Math.cos(angle), y + 0.2 * Math.sin(angle), random.between(0, 4)];
      if (label === 2) return [x + random.normal(), y + random.normal(), 5 + random.normal()];
      const [u, v] = [random.between(0, 10), random.between(0, 10)];
      return [u, v, 0.3 * Math.sin(u) * Math.cos(v) + 0.02 * random.normal()];
    };
    for (let i = b * points; i < (b + 1) * points; i++) {
      labels[i] = random.below(pointClasses);
      positions.set(point(labels[i]!), 3 * i);
    }
  }
  return { positions, labels };
}
