/** What is shown of a scene, and its points: as a page of its own carries them along, as JSON, and as arrays. */

export type Colour = readonly [red: number, green: number, blue: number];

export interface SceneInfo {
  readonly id: string;
  readonly unit: string;
  readonly classes: readonly string[];
  /** One a class. */
  readonly classColours: readonly Colour[];
  readonly errorColours: { readonly right: Colour; readonly wrong: Colour; readonly ignored: Colour };
  /** From the lowest height to the highest. */
  readonly heightColours: readonly Colour[];
  /** The label that is not counted. */
  readonly ignored: number;
  /** Points in the page, and in the scene. */
  readonly count: number;
  readonly total: number;
  /** Of the coordinates, [3] each: a coordinate is `least + extent · q / 65535`. */
  readonly least: readonly number[];
  readonly extent: readonly number[];
}

export interface PageScene extends SceneInfo {
  /** Base64 of q [count, 3], uint16, little endian. */
  readonly positions: string;
  /** Base64 of [count], uint8. */
  readonly truth: string | null;
  readonly predicted: string;
}

export interface ScenePoints {
  /** q [count, 3]: see {@link SceneInfo}. */
  readonly positions: Uint16Array<ArrayBuffer>;
  /** Labels [count]. */
  readonly truth: Uint8Array | null;
  readonly predicted: Uint8Array;
  /** Of the scan itself, [count, 3]. */
  readonly colours?: Uint8Array | null;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function pointsOf({ positions, truth, predicted }: PageScene): ScenePoints {
  return {
    // Every browser that runs WebGL 2 is little endian.
    positions: new Uint16Array(bytesOf(positions).buffer),
    truth: truth === null ? null : bytesOf(truth),
    predicted: bytesOf(predicted),
  };
}
