/** The key table: what each key does, and the text that help shows for it. Names as blessed reports them. */

import type { PastMark } from '../metrics/source.ts';
import type { ActionName } from './modal.ts';
import { THEME_NAMES } from './names.ts';

export type Action =
  | { readonly type: 'move'; readonly by: number }
  | { readonly type: 'page'; readonly by: number }
  /** The wheel scrolls the pane with this key. */
  | { readonly type: 'scroll-pane'; readonly key: string; readonly by: number }
  | { readonly type: 'first' }
  | { readonly type: 'last' }
  | { readonly type: 'sort'; readonly by: string }
  | { readonly type: 'sort-next'; readonly by: number }
  | { readonly type: 'reverse' }
  | { readonly type: 'filter' }
  | { readonly type: 'search' }
  | { readonly type: 'search-next' }
  | { readonly type: 'clear' }
  | { readonly type: 'group' }
  | { readonly type: 'fold'; readonly how: 'open' | 'close' | 'toggle' | 'all' }
  | { readonly type: 'tag' }
  | { readonly type: 'untag' }
  | { readonly type: 'follow' }
  | { readonly type: 'host' }
  | { readonly type: 'memory' }
  | { readonly type: 'scale' }
  | { readonly type: 'all' }
  | { readonly type: 'kernel-threads' }
  | { readonly type: 'columns' }
  | { readonly type: 'explain' }
  | { readonly type: 'details' }
  | { readonly type: 'act'; readonly what: ActionName }
  | { readonly type: 'events' }
  | { readonly type: 'alarm' }
  | { readonly type: 'mouse' }
  | { readonly type: 'charts' }
  | { readonly type: 'span'; readonly by: number }
  | { readonly type: 'step'; readonly by: number }
  | { readonly type: 'speed'; readonly by: number }
  | { readonly type: 'jump' }
  | { readonly type: 'find'; readonly mark: PastMark }
  | { readonly type: 'screen'; readonly to: number }
  | { readonly type: 'screen-next'; readonly by: number }
  | { readonly type: 'why' }
  | { readonly type: 'fix' }
  | { readonly type: 'prove' }
  | { readonly type: 'theme' }
  | { readonly type: 'pause' }
  | { readonly type: 'help' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' }
  | { readonly type: 'quit' };

export interface KeyBinding {
  /** blessed's names; the first is shown in the footer. */
  readonly keys: readonly string[];
  /** How help writes the keys. */
  readonly shown: string;
  readonly help: string;
  /** Short text for the footer, where it belongs there. */
  readonly footer?: string;
  /** Short text for the footer where a recorded moment is shown. */
  readonly replay?: string;
  readonly action: Action;
}

export const KEYS: readonly KeyBinding[] = [
  { keys: ['?', 'h', 'f1'], shown: '? h F1', help: 'this help', footer: 'help', action: { type: 'help' } },
  { keys: ['up', 'k'], shown: '↑ k', help: 'row above', action: { type: 'move', by: -1 } },
  { keys: ['down', 'j'], shown: '↓ j', help: 'row below', action: { type: 'move', by: 1 } },
  { keys: ['pageup'], shown: 'PgUp', help: 'page up', action: { type: 'page', by: -1 } },
  { keys: ['pagedown'], shown: 'PgDn', help: 'page down', action: { type: 'page', by: 1 } },
  { keys: ['home', 'g'], shown: 'Home g', help: 'first row', action: { type: 'first' } },
  { keys: ['end', 'S-g'], shown: 'End G', help: 'last row', action: { type: 'last' } },
  {
    keys: ['f', 'f4', '\\'],
    shown: 'f F4 \\',
    help: 'filter by name, path or image (a|b is or), by a verdict (cpu wait), or by a query: cpu > 50 and image ~ redis; Enter keeps it, Esc clears it',
    footer: 'filter',
    action: { type: 'filter' },
  },
  {
    keys: ['/', 'f3'],
    shown: '/ F3',
    help: 'search: go to the next row whose name, path or image holds the text',
    footer: 'search',
    action: { type: 'search' },
  },
  { keys: ['n'], shown: 'n', help: 'next row that the search finds', action: { type: 'search-next' } },
  {
    keys: ['escape'],
    shown: 'Esc',
    help: 'close what lies over the table, then clear tags, then the filter, then show all machines',
    action: { type: 'clear' },
  },
  {
    keys: ['>', 'f6', 'right'],
    shown: '> F6 →',
    help: 'sort by the next column; while a figure is explained, explain the next one',
    footer: 'sort',
    action: { type: 'sort-next', by: 1 },
  },
  {
    keys: ['<', 'left'],
    shown: '< ←',
    help: 'sort by the column before; while a figure is explained, explain the one before',
    action: { type: 'sort-next', by: -1 },
  },
  { keys: ['S-p'], shown: 'P', help: 'sort by CPU', action: { type: 'sort', by: 'cpu_percent' } },
  { keys: ['S-m'], shown: 'M', help: 'sort by memory', action: { type: 'sort', by: 'memory_bytes' } },
  { keys: ['S-t'], shown: 'T', help: 'sort by throttling', action: { type: 'sort', by: 'cpu_throttled_percent' } },
  { keys: ['S-n'], shown: 'N', help: 'sort by name', action: { type: 'sort', by: 'name' } },
  { keys: ['S-i', 'r'], shown: 'I r', help: 'reverse the order', action: { type: 'reverse' } },
  {
    keys: ['t', 'f5'],
    shown: 't F5',
    help: 'arrange: flat, tree of cgroups, groups by machine, pod, compose project, slice, user; Σ marks a sum over the rows below',
    footer: 'tree',
    action: { type: 'group' },
  },
  { keys: ['+'], shown: '+', help: 'open the selected group or branch', action: { type: 'fold', how: 'open' } },
  {
    keys: ['-'],
    shown: '-',
    help: 'close the selected group or branch, or the one around it',
    action: { type: 'fold', how: 'close' },
  },
  { keys: ['='], shown: '=', help: 'open or close the selected group', action: { type: 'fold', how: 'toggle' } },
  { keys: ['*'], shown: '*', help: 'open or close all groups', action: { type: 'fold', how: 'all' } },
  {
    keys: ['space'],
    shown: 'Space',
    help: 'tag the row, or all rows of a group: the next action is for all tagged ones',
    action: { type: 'tag' },
  },
  { keys: ['S-u'], shown: 'U', help: 'clear all tags', action: { type: 'untag' } },
  {
    keys: ['S-f'],
    shown: 'F',
    help: 'follow: the row keeps its line on the screen, and is found again when it is back or re-created',
    action: { type: 'follow' },
  },
  {
    keys: ['s'],
    shown: 's',
    help: 'of many machines (tstop --prometheus): only the machine of the selected row, and all again; Enter on a group by machine does the same',
    action: { type: 'host' },
  },
  {
    keys: ['m'],
    shown: 'm',
    help: 'memory definition: working set, current, anonymous, unreclaimable; saved',
    action: { type: 'memory' },
  },
  {
    keys: ['%'],
    shown: '%',
    help: 'CPU scale: of one CPU, of the host, of its limit; saved',
    action: { type: 'scale' },
  },
  {
    keys: ['a'],
    shown: 'a',
    help: 'slices, monitors, inner and empty cgroups too',
    footer: 'all',
    action: { type: 'all' },
  },
  {
    keys: ['S-h'],
    shown: 'H',
    help: 'kernel threads in lists of processes, shown or hidden',
    action: { type: 'kernel-threads' },
  },
  {
    keys: ['f2'],
    shown: 'F2',
    help: 'choose the columns of this screen and their order, and save them',
    action: { type: 'columns' },
  },
  {
    keys: ['e'],
    shown: 'e',
    help: 'explain the figure that the table is sorted by: file, its text, formula, why it is unavailable',
    footer: 'explain',
    action: { type: 'explain' },
  },
  {
    keys: ['return', 'o'],
    shown: 'Enter o',
    help: 'everything about the selected row in the whole window, and back: limits, pressure, memory, events, processes; on a screen with one pane, as network, all of that pane',
    footer: 'inside',
    action: { type: 'details' },
  },
  {
    keys: ['l'],
    shown: 'l',
    help: 'limits of the selected row, or of all tagged: a form with what would be written and what may go wrong',
    footer: 'limits',
    action: { type: 'act', what: 'limits' },
  },
  {
    keys: ['u'],
    shown: 'u',
    help: 'undo: choose one of the changes made here or by tscg, see what would be restored, and Enter',
    footer: 'undo',
    action: { type: 'act', what: 'undo' },
  },
  {
    keys: ['S-w'],
    shown: 'W',
    help: 'why: the neighbours screen, which looks closer at the selected row and names who slows it down; and back',
    footer: 'why',
    action: { type: 'why' },
  },
  {
    keys: ['d'],
    shown: 'd',
    help: 'do what the neighbours screen advises: the form of limits with the target and values of its first remedy',
    action: { type: 'fix' },
  },
  {
    keys: ['p'],
    shown: 'p',
    help: 'prove it: a trial that limits the first suspect on and off in random order, after confirmation, and measures the selected row; taken back on any end',
    action: { type: 'prove' },
  },
  {
    keys: ['z'],
    shown: 'z',
    help: 'freeze, or thaw what is frozen, after confirmation',
    footer: 'freeze',
    action: { type: 'act', what: 'freeze' },
  },
  {
    keys: ['S-k', 'f9'],
    shown: 'K F9',
    help: 'send a signal of your choice to all processes of the row, after confirmation',
    footer: 'kill',
    action: { type: 'act', what: 'kill' },
  },
  {
    keys: ['S-r'],
    shown: 'R',
    help: 'reclaim: take memory back from the row, or from each tagged one, without a limit and without killing',
    footer: 'reclaim',
    action: { type: 'act', what: 'reclaim' },
  },
  {
    keys: ['c'],
    shown: 'c',
    help: 'charts of the selected row: CPU, pressure, memory, io, and what the table is sorted by; and back',
    footer: 'charts',
    action: { type: 'charts' },
  },
  { keys: ['x'], shown: 'x', help: 'longer span of the charts: 5 s to 1 h', action: { type: 'span', by: 1 } },
  { keys: ['S-x'], shown: 'X', help: 'shorter span', action: { type: 'span', by: -1 } },
  { keys: ['['], shown: '[', help: 'hold, and step one sample back in time', action: { type: 'step', by: -1 } },
  {
    keys: [']'],
    shown: ']',
    help: 'one sample forward in time; Z goes on live',
    replay: 'step',
    action: { type: 'step', by: 1 },
  },
  { keys: ['{'], shown: '{', help: 'hold, and step ten samples back', action: { type: 'step', by: -10 } },
  { keys: ['}'], shown: '}', help: 'ten samples forward', action: { type: 'step', by: 10 } },
  {
    keys: ['@'],
    shown: '@',
    replay: 'time',
    help: 'go to a time: 03:12, 10m (ago), "2026-11-29 03:12"; past what is kept here, into what tscg record has written',
    action: { type: 'jump' },
  },
  {
    keys: ['S-e'],
    shown: 'E',
    replay: 'event',
    help: 'replay: the next moment in which something happened',
    action: { type: 'find', mark: 'event' },
  },
  {
    keys: ['S-o'],
    shown: 'O',
    help: 'replay: the next OOM kill',
    replay: 'OOM kill',
    action: { type: 'find', mark: 'oom' },
  },
  {
    keys: ['S-d'],
    shown: 'D',
    replay: 'finding',
    help: 'replay: the next finding of who slowed whom',
    action: { type: 'find', mark: 'finding' },
  },
  {
    keys: [')'],
    shown: ')',
    help: 'replay: faster, up to a minute a second',
    replay: 'faster',
    action: { type: 'speed', by: 1 },
  },
  { keys: ['('], shown: '(', help: 'replay: slower', action: { type: 'speed', by: -1 } },
  { keys: ['tab'], shown: 'Tab', help: 'next screen', footer: 'screen', action: { type: 'screen-next', by: 1 } },
  { keys: ['S-tab'], shown: 'Shift-Tab', help: 'screen before', action: { type: 'screen-next', by: -1 } },
  ...Array.from({ length: 9 }, (_, index): KeyBinding => {
    const key = String(index + 1);
    return { keys: [key], shown: key, help: `screen ${key}`, action: { type: 'screen', to: index } };
  }),
  {
    keys: ['y'],
    shown: 'y',
    help: `theme: ${THEME_NAMES.join(', ')}; saved`,
    action: { type: 'theme' },
  },
  {
    keys: ['v'],
    shown: 'v',
    help: 'events: OOM kills, alerts, findings, memory.high, pids.max, throttling, pressure, new, gone, frozen, limits changed; there ← → choose a kind, f a text',
    footer: 'events',
    action: { type: 'events' },
  },
  {
    keys: ['b'],
    shown: 'b',
    help: 'alarm at an OOM kill, a full pids.max or an alert: none, bell, flash, both; saved',
    action: { type: 'alarm' },
  },
  {
    keys: ['w'],
    shown: 'w',
    help: 'mouse on or off: click a row or a column head, turn the wheel; off, the terminal selects text; saved',
    action: { type: 'mouse' },
  },
  {
    keys: ['S-z'],
    shown: 'Z',
    help: 'hold the display still, and let it go on',
    footer: 'hold',
    action: { type: 'pause' },
  },
  { keys: ['C-l'], shown: 'Ctrl-L', help: 'draw anew', action: { type: 'redraw' } },
  { keys: ['C-z'], shown: 'Ctrl-Z', help: 'suspend; fg comes back', action: { type: 'suspend' } },
  { keys: ['q', 'f10', 'C-c'], shown: 'q F10 Ctrl-C', help: 'quit', footer: 'quit', action: { type: 'quit' } },
];

const BY_KEY: ReadonlyMap<string, Action> = new Map(
  KEYS.flatMap(({ keys, action }) => keys.map((key) => [key, action])),
);

/** Action of a key by blessed's full name (`S-g`, `C-c`, `pageup`), or by its character. */
export const actionOf = (full: string, character?: string): Action | undefined =>
  BY_KEY.get(full) ?? (character === undefined ? undefined : BY_KEY.get(character));
