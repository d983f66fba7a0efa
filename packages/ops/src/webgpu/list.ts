/** Repeated lines of WGSL. */
export const list = (count: number, text: (i: number) => string, between = '\n') =>
  Array.from({ length: count }, (_, i) => text(i)).join(between);
