/** Local time to the second, as `2026-11-25 03:04:05`; `time` in milliseconds since the epoch. */
export function localTime(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}
