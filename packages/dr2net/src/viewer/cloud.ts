/** The points as one three.js object: round, of a size in the scene's unit, so that near ones are larger. */
import { BufferAttribute, BufferGeometry, Points, ShaderMaterial, Sphere, Vector3 } from 'three';
import type { SceneInfo, ScenePoints } from './data.ts';

export interface Cloud {
  readonly object: Points<BufferGeometry, ShaderMaterial>;
  readonly colours: Uint8Array;
  /** Of the box around the points, whose middle is the zero of the drawing. */
  readonly extent: Vector3;
  /** After `colours` were changed. */
  repaint(): void;
  /** @param factor of the size that closes gaps @param pixels pixels a unit at distance 1 */
  size(factor: number, pixels: number): void;
  /** In CSS pixels, as drawn. @param distance from the eye along its direction */
  radius(distance: number): number;
}

/** Pixels of the drawing a CSS pixel: more than two cost time and show nothing. */
export const pixelRatio = () => Math.min(devicePixelRatio, 2);

/** Diameter of a point in pixels of the device at most: graphics drivers draw no larger ones everywhere. */
const largest = 64;

const vertexShader = `
uniform vec3 extent;
uniform float size;
uniform float smallest;
attribute vec4 tint;
varying vec4 shown;
void main() {
  shown = tint;
  vec4 place = modelViewMatrix * vec4((position - 0.5) * extent, 1.0);
  gl_Position = projectionMatrix * place;
  gl_PointSize = clamp(size / -place.z, smallest, ${largest}.0);
}`;

const fragmentShader = `
varying vec4 shown;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (shown.a == 0.0 || dot(off, off) > 0.25) discard;
  gl_FragColor = vec4(shown.rgb, 1.0);
}`;

export function makeCloud({ extent, count }: SceneInfo, { positions }: ScenePoints): Cloud {
  const colours = new Uint8Array(4 * count);
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3, true));
  const tint = new BufferAttribute(colours, 4, true);
  geometry.setAttribute('tint', tint);
  const size = new Vector3(...extent);
  // The attribute is in shares of the box; three.js would take the box of those.
  geometry.boundingSphere = new Sphere(new Vector3(), size.length() / 2);
  const material = new ShaderMaterial({
    vertexShader,
    fragmentShader,
    uniforms: { extent: { value: size }, size: { value: 1 }, smallest: { value: 1.5 } },
  });
  const spacing = spacingOf(positions, size, count);
  const object = new Points(geometry, material);
  object.frustumCulled = false;
  return {
    object,
    colours,
    extent: size,
    repaint() {
      tint.needsUpdate = true;
    },
    radius: (distance) => {
      const { size, smallest } = material.uniforms as { [name: string]: { value: number } };
      return Math.min(Math.max(size!.value / distance, smallest!.value), largest) / 2 / pixelRatio();
    },
    size(factor, pixels) {
      material.uniforms.size!.value = 1.1 * factor * spacing * pixels;
      material.uniforms.smallest!.value = 1.5 * Math.min(1, factor) * pixelRatio();
    },
  };
}

/** Cells along the longest side of the box, to find out how much surface the points lie on. */
const cells = 64;

/** Mean distance of neighbours, in the scene's unit, for points that lie on surfaces. */
function spacingOf(positions: Uint16Array, extent: Vector3, count: number): number {
  const longest = Math.max(extent.x, extent.y, extent.z) || 1;
  const occupied = new Uint8Array(cells ** 3);
  const scale = [extent.x, extent.y, extent.z].map((side) => ((side / longest) * (cells - 1)) / 65535);
  let number = 0;
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [0, 1, 2].map((axis) => Math.floor(positions[3 * i + axis]! * scale[axis]!)) as [
      number,
      number,
      number,
    ];
    const cell = (z * cells + y) * cells + x;
    if (!occupied[cell]) number++;
    occupied[cell] = 1;
  }
  return (longest / cells) * Math.sqrt(number / count);
}
