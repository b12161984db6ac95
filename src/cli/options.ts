/** Values of options that are numbers, times, addresses or headers. Each throws UsageError with what it takes. */

import { parseDuration } from '../limits/catalogue/units.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { localTime } from '../text/local-time.ts';
import { UsageError } from './errors.ts';

/** `0.5`, `2`: seconds, at least 0.1. */
export function secondsOption(flag: string, text: string): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 0.1 && seconds <= 3600))
    throw new UsageError(`${flag}: "${text}" is not a number of seconds from 0.1 to 3600`);
  return seconds;
}

export function wholeOption(flag: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= Number.MAX_SAFE_INTEGER))
    throw new UsageError(`${flag}: "${text}" is not a whole number from ${least} up`);
  return value;
}

/** Milliseconds. Node counts those of a timer in 31 bits, and one that is longer ends after a millisecond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds between two moments or messages. */
const LONGEST_INTERVAL_MS = 3_600_000;

/** `--interval`: milliseconds between what is done again and again. */
export const intervalOption = (text: string, least: number): number =>
  durationOption('--interval', text, least, LONGEST_INTERVAL_MS);

/** `10s`, `5m`, `500ms`, a bare number is seconds: milliseconds that a timer can wait. */
export const durationOption = (flag: string, text: string, least: number, most: number): number =>
  ageOption(flag, text, least, Math.min(most, LONGEST_TIMER_MS));

/** The same without a timer: how old something may become. */
export function ageOption(flag: string, text: string, least: number, most: number): number {
  let ms: number;
  try {
    ms = parseDuration(text, 's') / 1000;
  } catch (error) {
    throw new UsageError(`${flag}: ${errorText(error)}`);
  }
  if (!(ms >= least && ms <= most)) {
    throw new UsageError(`${flag}: ${text} is not from ${least / 1000} s to ${most / 1000} s`);
  }
  return ms;
}

const CLOCK = /^(\d?\d)(?::([0-5]\d)(?::([0-5]\d))?)?\s*(am|pm)?$/i;

/** Hour, minute and second of a time of day: `03:12`, `3:12pm`, `3 pm`; undefined for anything else. */
export function clockOf(text: string): readonly [number, number, number] | undefined {
  const [, hours, minutes, seconds = 0, half] = CLOCK.exec(text) ?? [];
  const hour = Number(hours);
  const rest = [Number(minutes ?? 0), Number(seconds)] as const;
  if (half !== undefined)
    return hour >= 1 && hour <= 12 ? [(hour % 12) + (/p/i.test(half) ? 12 : 0), ...rest] : undefined;
  return minutes !== undefined && hour <= 23 ? [hour, ...rest] : undefined;
}

/** `2h`, `2h ago`, `-2h`: the duration. */
const ageOf = (text: string): string => text.replace(/^-(?=\d)/, '').replace(/ ago$/, '');

/**
 * `2h` ago, `03:00` today, `yesterday 03:00`, `2026-11-27`, `2026-11-27 03:00`, local time, `now`, or `1795748400`, seconds since
 * the epoch: milliseconds since the epoch.
 */
export function momentOption(flag: string, text: string, now = new Date()): number {
  // So many seconds ago nobody has recorded anything.
  if (/^\d{10}$/.test(text)) return Number(text) * 1000;
  try {
    const time = /^\d{10}/.test(text) ? Number.NaN : now.getTime() - parseDuration(ageOf(text), 's') / 1000;
    // Further back than a Date reaches it is no time.
    if (!Number.isNaN(new Date(time).getTime())) return time;
  } catch {
    // No duration.
  }
  if (text === 'now') return now.getTime();
  const [, dayName, ofDay = dayName ? '00:00' : text] = /^(today|yesterday)(?: +(.+))?$/.exec(text) ?? [];
  const clock = clockOf(ofDay);
  if (clock) {
    const time = new Date(now).setHours(...clock, 0);
    return dayName === 'yesterday' ? dayBefore(time) : time;
  }
  const [day] = /^\d{4}-\d\d-\d\d/.exec(text) ?? [];
  // A date alone would be UTC.
  const time = new Date(day === text ? `${text}T00:00` : text).getTime();
  if (day === undefined || !isDay(day) || Number.isNaN(time))
    throw new UsageError(
      `${flag}: "${text}" is no time; give one as 2h (ago), 03:00, "yesterday 03:00", "2026-11-27 03:00" or 1795748400 (seconds since 1970)`,
    );
  return time;
}

/** `2026-02-30` is none, though Date takes it for a day of March. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** As momentOption. A time of day is the last one that has come; any other time must have come. */
export function pastMomentOption(flag: string, text: string, now = new Date()): number {
  const time = momentOption(flag, text, now);
  if (time <= now.getTime()) return time;
  if (clockOf(text)) return dayBefore(time);
  throw new UsageError(`${flag}: ${localTime(time)} has not come yet`);
}

/** The same time of day on the day before, which may have 23 or 25 hours. */
export function dayBefore(time: number): number {
  const date = new Date(time);
  return date.setDate(date.getDate() - 1);
}

/** RFC 1035. */
const LONGEST_HOST = 253;

/** Of HTTP or HTTPS. One that cannot be read is not shown where it may hold a password or a key. */
export function urlOption(flag: string, text: string, example: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.hostname.length > LONGEST_HOST)
    throw new UsageError(`${flag}: the host in the URL is longer than a name can be`);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError(
      `${flag}: ${/[@?]/.test(text) ? 'what is given' : `"${clean(text)}"`} is no URL; give one as ${example}`,
    );
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new UsageError(`${flag}: user or password in the URL are not as a URL has them: a % is written %25`);
  }
  return url;
}

/** `NAME: VALUE` of --header. A value may be a secret: a message has the name alone. */
export function headerOption(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z0-9-]+):\s*([\x20-\x7e]+)$/.exec(text) ?? [];
  if (!name || !value) {
    const [, shown = ''] = /^([^\s:]+):/.exec(text) ?? [];
    throw new UsageError(
      `--header${shown && ` ${clean(shown)}`}: give it as "X-Scope-OrgID: shop": a name of letters, digits and -, and a value of printable ASCII`,
    );
  }
  return [name, value];
}
