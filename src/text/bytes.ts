/** Sizes as an operator reads them. */

/** Bytes in IEC units, exact where they are whole. */
export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return bytes === Number.POSITIVE_INFINITY ? 'no limit' : '--';
  const power = bytes < 1024 ? 0 : Math.min(6, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][power]}`;
}
