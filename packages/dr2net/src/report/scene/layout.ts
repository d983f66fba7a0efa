/** Where the pictures of a scene stand: three views of each colouring, in the arrangement that fills a page best. */
import type { SceneView, SceneViews } from '@dr2net/pointcloud';

export interface PlacedView extends SceneView {
  readonly left: number;
  readonly top: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly placed: readonly PlacedView[];
  /** Where each colouring's name stands, above its pictures; none where there is but one. */
  readonly headings: readonly { readonly text: string; readonly left: number; readonly top: number }[];
}

/** Pixels between pictures, above them for the headings, and above each for the name of the view. */
const gap = 20;
const headingHeight = 22;
export const captionHeight = 18;

/** Pictures are best as wide as so many times their height: of several colourings, and of one, which may be a strip. */
const wanted = { several: 1.7, one: 2.4 };

interface Block {
  readonly width: number;
  readonly height: number;
  readonly offsets: readonly (readonly [left: number, top: number])[];
}

/** The three pictures of one colouring below one another, or as in an engineering drawing: above, front and, beside it, side. */
function blocks([top, front, side]: readonly SceneView[]): Block[] {
  const [t, f, s] = [top, front, side].map((view) => view?.image ?? { width: 0, height: 0 }) as [Size, Size, Size];
  const [second, third] = [t.height + captionHeight, t.height + f.height + 2 * captionHeight];
  return [
    {
      width: Math.max(t.width, f.width, s.width),
      height: third + s.height,
      offsets: [
        [0, 0],
        [0, second],
        [0, third],
      ],
    },
    {
      width: f.width + gap + s.width,
      height: second + Math.max(f.height, s.height),
      offsets: [
        [0, 0],
        [0, second],
        [f.width + gap, second],
      ],
    },
  ];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Beside one another. */
function row(views: readonly SceneView[]): Block {
  let left = 0;
  const offsets = views.map(({ image }) => {
    const own = left;
    left += image.width + gap;
    return [own, 0] as const;
  });
  return { width: left - gap, height: Math.max(...views.map(({ image }) => image.height)), offsets };
}

export function layOut({ views }: SceneViews): Layout {
  const groups = [...new Set(views.map(({ colouring }) => colouring))].map((name) =>
    views.filter(({ colouring }) => colouring === name),
  );
  const first = groups[0] as SceneView[];
  const headed = groups.length > 1;
  const top = (headed ? headingHeight : 0) + captionHeight;
  const whole = ({ width, height }: Block) => ({
    width: groups.length * (width + gap) - gap,
    height: top + height,
  });
  const off = (block: Block) =>
    Math.abs(Math.log(whole(block).width / whole(block).height / (headed ? wanted.several : wanted.one)));
  const block = [...blocks(first), row(first)].reduce((best, next) => (off(next) < off(best) ? next : best));
  return {
    ...whole(block),
    headings: groups.flatMap(([view], k) =>
      headed && view ? [{ text: view.colouring, left: k * (block.width + gap), top: 14 }] : [],
    ),
    placed: groups.flatMap((group, k) =>
      group.map((view, i) => {
        const [left, down] = block.offsets[i] as readonly [number, number];
        return { ...view, left: k * (block.width + gap) + left, top: top + down };
      }),
    ),
  };
}
