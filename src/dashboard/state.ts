/** What the user has set and selected. Pure data: `update.ts` changes it, the views draw it, the loop feeds it. */

import type { Grouping, ItemKey } from '../metrics/grouping.ts';
import { SPANS } from './chart-view.ts';
import type { Scales } from './columns.ts';
import type { Modal } from './modal.ts';

/** Seconds of a recording in one second. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60] as const;

export const ALARMS = ['none', 'bell', 'flash', 'both'] as const;
export type Alarm = (typeof ALARMS)[number];

/** What the footer tells in place of its keys. */
export interface FooterMessage {
  readonly text: string;
  readonly style: 'critical' | 'warning' | 'good';
}

/** A row that is followed: set by the user's own moves alone. */
export interface Followed {
  readonly key: ItemKey;
  /** `placeOf` a workload: another one may take it. */
  readonly place: string | undefined;
  readonly name: string;
}

export interface State {
  /** Key of the selected item: selection follows identity, never a row number. */
  readonly selected: ItemKey | undefined;
  /** Where that row was last: the row that takes its place is selected once it is gone. */
  readonly position: number;
  /** First row of the window on the table. */
  readonly top: number;
  /** Slot of a column, or `name`. */
  readonly sort: string;
  readonly reverse: boolean;
  /** What the user has typed: plain text or a query. */
  readonly filter: string;
  /** The only machine whose rows are shown, of many; undefined for all. */
  readonly host: string | undefined;
  /** Cells of the longest name of a machine in the table; 0 where all rows are of one. */
  readonly longestHost: number;
  readonly search: string;
  /** What is being typed in the footer. */
  readonly prompt: 'filter' | 'search' | 'events' | 'jump' | undefined;
  /** A time that is typed, to go to. */
  readonly jump: string;
  /** Index into SPEEDS: how fast a recording is replayed. */
  readonly speed: number;
  readonly grouping: Grouping;
  /** Items whose inside is hidden. */
  readonly closed: ReadonlySet<ItemKey>;
  /** Inodes that the next action is for. */
  readonly tagged: ReadonlySet<number>;
  /** It keeps its line on the screen, and is selected again once it is back or re-created. */
  readonly follow: Followed | undefined;
  readonly scales: Scales;
  /** Slots of columns in their order; undefined for those that fit best. */
  readonly columns: readonly string[] | undefined;
  /** The columns that the user chose and saved, by name of the screen. */
  readonly ownColumns: Readonly<Record<string, readonly string[]>>;
  /** What an event that is alarming (alarm.ts) does. */
  readonly alarm: Alarm;
  readonly mouse: boolean;
  readonly all: boolean;
  /** Whether lists of processes have kernel threads. */
  readonly kernelThreads: boolean;
  readonly paused: boolean;
  /** The selected row has the whole window. */
  readonly details: boolean;
  /** Charts of it have the whole window. */
  readonly charts: boolean;
  /** Index into SPANS. */
  readonly span: number;
  /** Index of the dashboard. */
  readonly screen: number;
  readonly theme: string;
  /** The first line that is shown of the details. */
  readonly detailsTop: number;
  /** Key of the pane that the wheel has moved, of which row, and its first line. */
  readonly pane: { readonly key: string; readonly of: ItemKey | undefined; readonly top: number } | undefined;
  /** What lies over the table. */
  readonly modal: Modal | undefined;
}

export const INITIAL: State = {
  selected: undefined,
  position: 0,
  top: 0,
  sort: 'cpu_percent',
  reverse: false,
  filter: '',
  host: undefined,
  longestHost: 0,
  search: '',
  prompt: undefined,
  jump: '',
  speed: 2,
  grouping: 'flat',
  closed: new Set(),
  tagged: new Set(),
  follow: undefined,
  scales: { memory: 0, cpu: 0 },
  columns: undefined,
  ownColumns: {},
  alarm: 'none',
  mouse: true,
  all: false,
  kernelThreads: false,
  paused: false,
  details: false,
  charts: false,
  span: SPANS.indexOf(300),
  screen: 0,
  theme: 'dark',
  detailsTop: 0,
  pane: undefined,
  modal: undefined,
};

/** First line of a pane: the first one, unless the wheel has moved it for this row. */
export const paneTop = ({ pane, selected }: State, key: string): number =>
  pane?.key === key && pane.of === selected ? pane.top : 0;

/** What the footer's prompt holds. */
export function typedText({ prompt, modal, filter, search, jump }: State): string {
  if (prompt === 'jump') return jump;
  if (prompt === 'events') return modal?.kind === 'events' ? modal.text : '';
  return prompt === 'search' ? search : filter;
}
