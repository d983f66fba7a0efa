/** Bytes for people, in decimal units as disks and GPUs are sold: 1 MB = 10⁶ bytes. */

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1536` → `1.54 kB`; three significant digits, negative values too, `–` for what is not finite. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  let value = Math.abs(bytes);
  let unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${bytes < 0 ? '−' : ''}${value.toFixed(digits)} ${units[unit]}`;
}
