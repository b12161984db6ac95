/** Local times. `time`: milliseconds since the epoch. */

/** To the second, as `2026-11-25 03:04:05`. */
export function localTime(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** The time of the day, as `15:25:50`. */
export const clockTime = (time: number): string => new Date(time).toTimeString().slice(0, 8);
