/** Bytes and seconds for people; bytes in decimal units as disks and GPUs are sold: 1 MB = 10⁶ bytes. */

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

/** Seconds as `2.4 ms`, `850 ms`, `12.3 s`, `4 min 05 s` or `2 h 07 min`: three significant digits, or whole seconds. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995) return `${significant(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

const significant = (value: number) => String(Number(value.toPrecision(3)));
const pad = (value: number) => String(value).padStart(2, '0');
