/** Camera, mouse and drawing: the scene in a canvas, drawn again only when something has changed. */
import { PerspectiveCamera, Scene, Spherical, Vector3, WebGLRenderer } from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import { type Cloud, pixelRatio } from './cloud.ts';
import { eyeDomeLighting } from './lighting.ts';

/** From where the scene is seen: directions from its middle, z up. */
export const sides = {
  oblique: [0.55, -0.85, 0.6],
  top: [0, -1e-4, 1],
  front: [0, -1, 0],
  side: [1, 0, 0],
} as const;
export type SideName = keyof typeof sides;

export interface Stage {
  readonly camera: PerspectiveCamera;
  /** Sees the whole scene from a side. */
  look(side: SideName): void;
  /** Angles in radians. */
  turn(around: number, up: number): void;
  /** In shares of the picture's height. */
  move(right: number, up: number): void;
  /** Times nearer. */
  zoom(factor: number): void;
  pointSize(factor: number): void;
  /** Draws before the next picture of the screen. */
  draw(): void;
  /** Gives back what the graphics card holds of it; the canvas is of no use any more. */
  dispose(): void;
}

/** @throws where the browser has no WebGL 2 */
export function makeStage(canvas: HTMLCanvasElement, cloud: Cloud): Stage {
  const renderer = new WebGLRenderer({ canvas, alpha: true, antialias: false });
  renderer.setClearColor(0, 0);
  renderer.autoClear = false;
  const camera = new PerspectiveCamera(40, 1, 0.1, 10);
  camera.up.set(0, 0, 1);
  const scene = new Scene();
  scene.add(cloud.object);
  const lighting = eyeDomeLighting(renderer);
  const controls = new OrbitControls(camera, canvas);
  controls.screenSpacePanning = true;
  controls.zoomToCursor = true;
  const radius = cloud.extent.length() / 2 || 1;
  controls.minDistance = radius / 200;
  controls.maxDistance = 20 * radius;
  let factor = 1;
  let asked = false;

  const draw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      if (renderer.getContext().isContextLost()) return;
      // As near to the points as can be: depth is told apart by what lies between the two.
      const distance = camera.position.length();
      camera.near = Math.max(distance - 1.05 * radius, distance / 500, radius / 2000);
      camera.far = distance + 1.05 * radius;
      camera.updateProjectionMatrix();
      const height = renderer.domElement.height;
      cloud.size(factor, height / 2 / Math.tan((camera.fov * Math.PI) / 360));
      lighting.render(scene, camera);
    });
  };

  const resize = () => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    const ratio = pixelRatio();
    renderer.setPixelRatio(ratio);
    renderer.setSize(width, height, false);
    lighting.resize(width, height, ratio);
    camera.aspect = width / height;
    draw();
  };
  const resizes = new ResizeObserver(resize);
  resizes.observe(canvas);
  controls.addEventListener('change', draw);
  resize();

  return {
    camera,
    draw,
    look(side) {
      const direction = new Vector3(...sides[side]).normalize();
      controls.target.set(0, 0, 0);
      camera.position.copy(direction);
      camera.lookAt(controls.target);
      camera.position.multiplyScalar(fitDistance(cloud, camera));
      controls.update();
      draw();
    },
    turn(around, up) {
      const offset = camera.position.clone().sub(controls.target);
      // Spherical takes y for up.
      const angles = new Spherical().setFromVector3(new Vector3(offset.x, offset.z, -offset.y));
      angles.theta += around;
      angles.phi = Math.min(Math.max(angles.phi - up, 1e-3), Math.PI - 1e-3);
      const turned = new Vector3().setFromSpherical(angles);
      camera.position.copy(controls.target).add(new Vector3(turned.x, -turned.z, turned.y));
      controls.update();
      draw();
    },
    move(right, up) {
      const distance = camera.position.distanceTo(controls.target);
      const height = 2 * distance * Math.tan((camera.fov * Math.PI) / 360);
      const shift = new Vector3()
        .setFromMatrixColumn(camera.matrix, 0)
        .multiplyScalar(right * height)
        .add(new Vector3().setFromMatrixColumn(camera.matrix, 1).multiplyScalar(up * height));
      camera.position.add(shift);
      controls.target.add(shift);
      controls.update();
      draw();
    },
    zoom(times) {
      camera.position.sub(controls.target).divideScalar(times).add(controls.target);
      controls.update();
      draw();
    },
    pointSize(value) {
      factor = value;
      draw();
    },
    dispose() {
      resizes.disconnect();
      controls.dispose();
      renderer.dispose();
      renderer.forceContextLoss();
    },
  };
}

/** How far from the middle of its box, in the direction that the camera looks along, all of a cloud is seen. */
function fitDistance({ extent, object }: Cloud, camera: PerspectiveCamera): number {
  camera.updateMatrix();
  const [right, up, back] = [new Vector3(), new Vector3(), new Vector3()];
  camera.matrix.extractBasis(right, up, back);
  const half = Math.tan((camera.fov * Math.PI) / 360);
  const positions = object.geometry.getAttribute('position');
  const point = new Vector3();
  let needed = 1e-6;
  for (let i = 0; i < positions.count; i++) {
    point.fromBufferAttribute(positions, i).subScalar(0.5).multiply(extent);
    const off = Math.max(Math.abs(point.dot(right)) / camera.aspect, Math.abs(point.dot(up)));
    needed = Math.max(needed, point.dot(back) + off / half);
  }
  return 1.05 * needed;
}
