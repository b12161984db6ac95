/** The events pane: newest first, all kinds or one, those that hold a text. */

import { CHURN, EVENT_KINDS, type EventKind, type LogEvent } from '../metrics/events.ts';
import { holds } from '../metrics/query.ts';
import { padEnd } from '../text/cells.ts';
import { clockTime } from '../text/local-time.ts';
import type { Alarm } from './state.ts';
import type { Line } from './style.ts';
import type { Style } from './themes.ts';

export const ALL_EVENTS = 'all kinds';
const NAMED_FILTERS: ReadonlyMap<string, (kind: EventKind) => boolean> = new Map([
  [ALL_EVENTS, () => true],
  ['all but new and gone', (kind: EventKind) => !CHURN.has(kind)],
]);
/** ← and → go through them. */
export const EVENT_FILTERS: readonly string[] = [...NAMED_FILTERS.keys(), ...EVENT_KINDS];

const STYLES: Readonly<Partial<Record<EventKind, Style>>> = {
  oom: 'critical',
  'memory.high': 'warning',
  'memory.max': 'warning',
  'pids.max': 'warning',
  throttled: 'warning',
  pressure: 'warning',
  finding: 'critical',
  alert: 'critical',
  limit: 'accent',
  drift: 'warning',
  frozen: 'accent',
  thawed: 'accent',
  're-created': 'good',
};

/** `alarm` is absent where the events are a pane, which has no keys of its own. */
export function eventsView(events: readonly LogEvent[], show: string, filter: string, alarm?: Alarm): Line[] {
  const isIn = holds(filter);
  const isAsked = NAMED_FILTERS.get(show) ?? ((one: EventKind) => one === show);
  const shown = events.filter(
    ({ kind, name, path, host = '', text }) => isAsked(kind) && isIn(`${name} ${path} ${host} ${text}`),
  );
  const title: Line = [
    ['Events', 'title'],
    [`  ${show}`, 'accent'],
    ...(filter === '' ? [] : ([[`  with "${filter}"`, 'accent']] as const)),
    [`  ${shown.length} of ${events.length}`, 'dim'],
    ...(alarm ? ([[`  ← → kind  f text  b alarm (${alarm})  v or Esc back`, 'dim']] as const) : []),
  ];
  if (shown.length === 0) return [title, [[events.length === 0 ? 'nothing happened yet' : 'none of these', 'dim']]];
  return [title, ...shown.toReversed().map(eventLine)];
}

export const eventLine = ({ time, kind, name, host, text }: LogEvent): Line => [
  [`${clockTime(time)} `, 'dim'],
  [padEnd(kind, 12), STYLES[kind] ?? 'plain'],
  [`${name}${onHost(host)}  `],
  [text, 'dim'],
];

/** A workload that the OOM killer ended, and that is gone. */
export const oomKillLine = ({ name, host, text, time }: LogEvent, now: number): Line => [
  [`† ${name}${onHost(host)}  `, 'critical'],
  [`${text}, ${Math.max(0, Math.round((now - time) / 1000))} s ago`, 'warning'],
];

const onHost = (host: string | undefined): string => (host === undefined ? '' : ` on ${host}`);
