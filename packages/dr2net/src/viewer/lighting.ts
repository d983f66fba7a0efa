/** Eye-dome lighting (C. Boucheny, thesis, Grenoble 2009): points behind their neighbours in the picture are darker. */
import {
  DepthTexture,
  Mesh,
  NearestFilter,
  OrthographicCamera,
  type PerspectiveCamera,
  PlaneGeometry,
  type Scene,
  ShaderMaterial,
  UnsignedIntType,
  Vector2,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';

const vertexShader = `
varying vec2 place;
void main() {
  place = uv;
  gl_Position = vec4(position.xy, 0.0, 1.0);
}`;

const fragmentShader = `
uniform sampler2D colours;
uniform sampler2D depths;
uniform vec2 pixel;
uniform float near;
uniform float far;
varying vec2 place;
float distanceAt(vec2 at) {
  float z = 2.0 * texture2D(depths, at).r - 1.0;
  return log2(2.0 * near * far / (far + near - z * (far - near)));
}
void main() {
  vec4 colour = texture2D(colours, place);
  if (colour.a == 0.0) discard;
  float own = distanceAt(place);
  float behind = 0.0;
  for (int row = -1; row <= 1; row++)
    for (int column = -1; column <= 1; column++)
      behind += min(max(0.0, own - distanceAt(place + vec2(column, row) * pixel)), 0.03);
  gl_FragColor = vec4(colour.rgb * exp(-7.0 * behind), 1.0);
}`;

export interface Lighting {
  resize(width: number, height: number, pixelRatio: number): void;
  render(scene: Scene, camera: PerspectiveCamera): void;
}

export function eyeDomeLighting(renderer: WebGLRenderer): Lighting {
  const target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
  target.depthTexture = new DepthTexture(1, 1, UnsignedIntType);
  const material = new ShaderMaterial({
    vertexShader,
    fragmentShader,
    depthTest: false,
    uniforms: {
      colours: { value: target.texture },
      depths: { value: target.depthTexture },
      pixel: { value: new Vector2() },
      near: { value: 1 },
      far: { value: 2 },
    },
  });
  const screen = new Mesh(new PlaneGeometry(2, 2), material);
  const flat = new OrthographicCamera();
  return {
    resize(width, height, pixelRatio) {
      const [columns, rows] = [
        Math.max(1, Math.round(width * pixelRatio)),
        Math.max(1, Math.round(height * pixelRatio)),
      ];
      target.setSize(columns, rows);
      material.uniforms.pixel!.value.set((1.4 * pixelRatio) / columns, (1.4 * pixelRatio) / rows);
    },
    render(scene, camera) {
      material.uniforms.near!.value = camera.near;
      material.uniforms.far!.value = camera.far;
      renderer.setRenderTarget(target);
      renderer.clear();
      renderer.render(scene, camera);
      renderer.setRenderTarget(null);
      renderer.clear();
      renderer.render(screen, flat);
    },
  };
}
