/** A contact sheet: images with their objects, and beside each the same image with what was found. */
import { boxesSvg, type DrawnBox } from '@dr2net/detection';
import { escapeHtml } from '../html.ts';
import type { Chart } from '../plot.ts';
import { classColours } from './colours.ts';

export interface SheetImage {
  readonly id: string;
  /** Of the original in pixels. */
  readonly width: number;
  readonly height: number;
  /** A file, smaller than the original. */
  readonly jpeg: Uint8Array;
  /** In pixels of the original. */
  readonly truth: readonly SheetBox[];
  readonly found: readonly (SheetBox & { readonly score: number })[];
}

export interface SheetBox {
  readonly box: DrawnBox['box'];
  /** Index of the class. */
  readonly label: number;
}

/** Pixels of a picture on the sheet. */
const side = 420;
const gap = 12;
const caption = 22;

/** @param labels names of the classes */
export function contactSheet(images: readonly SheetImage[], labels: readonly string[]): Chart | undefined {
  if (images.length === 0) return undefined;
  const colours = classColours(labels);
  const drawn = (boxes: readonly (SheetBox & { readonly score?: number })[]): DrawnBox[] =>
    boxes.map(({ box, label, score }) => ({
      box,
      colour: colours[label] ?? '#888',
      ...(score !== undefined && { text: score.toFixed(2) }),
    }));
  let top = caption;
  const rows = images.map(({ id, width, height, jpeg, truth, found }) => {
    const rowHeight = Math.round((side * height) / width);
    const data = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
    const picture = (left: number, boxes: readonly DrawnBox[]) =>
      `<svg x="${left}" y="${top}" width="${side}" height="${rowHeight}" viewBox="0 0 ${width} ${height}">` +
      `<image href="${data}" width="${width}" height="${height}" preserveAspectRatio="none"/>${boxesSvg(boxes, { width, height })}</svg>`;
    const row = `${picture(0, drawn(truth))}${picture(side + gap, drawn(found))}<text x="0" y="${top + rowHeight + 15}">${escapeHtml(id)}</text>`;
    top += rowHeight + caption + gap;
    return row;
  });
  const width = 2 * side + gap;
  const there = new Set(images.flatMap(({ truth, found }) => [...truth, ...found].map(({ label }) => label)));
  const names = labels.flatMap((label, k) =>
    there.has(k) ? `<tspan dx="8" fill="${colours[k]}">${escapeHtml(label)}</tspan>` : [],
  );
  const heads = `<text x="0" y="14">annotated${names.join('')}</text><text x="${side + gap}" y="14">found</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" font-family="sans-serif" font-size="13" fill="currentColor" role="img" aria-label="Images with annotated and with found objects">${heads}${rows.join('')}</svg>`;
  return {
    title: 'Images',
    description: 'Images with annotated and with found objects',
    svg,
    width,
    height: top,
    legend: [],
  };
}
