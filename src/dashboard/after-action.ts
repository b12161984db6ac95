/** How an action changes the state. Pure. */

import { GROUPINGS, type Grouping, type Item } from '../metrics/grouping.ts';
import { isQuery } from '../metrics/query.ts';
import { SPANS } from './chart-view.ts';
import { CPU_SCALES, isTextSort, MEMORY_DEFINITIONS } from './columns.ts';
import { openColumnsForm } from './columns-form.ts';
import type { Dashboard } from './dashboards.ts';
import { ALL_EVENTS, EVENT_FILTERS } from './events-view.ts';
import type { Action } from './keys.ts';
import { edited, isViewer, type Typed } from './modal.ts';
import { THEME_NAMES } from './names.ts';
import { searchFrom } from './rows.ts';
import { followed, movedTo, positionOf, select, type TableContext } from './selection.ts';
import { ALARMS, paneTop, SPEEDS, type State, typedText } from './state.ts';

/** How far what lies over the table, or has the whole window, can be scrolled. */
export interface Scroll {
  /** Lines that it has beyond those for which there is room. */
  readonly overflow: number;
  /** Lines that it shows at once. */
  readonly room: number;
  /** Lines that each pane has beyond those for which there is room, by its key. */
  readonly panes?: ReadonlyMap<string, number>;
}

export const NO_SCROLL: Scroll = { overflow: 0, room: 1 };

/** What an action is about beside the state. */
export interface ActionContext extends TableContext {
  /** Items of the table with every branch and group open. */
  readonly unfolded: () => readonly Item[];
  /** What can be sorted by, in order. */
  readonly sortable: readonly string[];
  readonly scroll: Scroll;
  readonly dashboards: readonly Dashboard[];
}

export function afterAction(state: State, action: Action, context: ActionContext): State {
  switch (action.type) {
    case 'move':
    case 'page':
    case 'first':
    case 'last':
      return afterMove(state, action, context);
    case 'scroll-pane': {
      const { key, by } = action;
      const most = context.scroll.panes?.get(key) ?? 0;
      const top = Math.max(0, Math.min(most, paneTop(state, key) + by));
      return { ...state, pane: { key, of: state.selected, top } };
    }
    case 'search-next':
      return found(state, context, 1);
    case 'group':
      return { ...state, grouping: cycled(groupingsOf(state), state.grouping, 1), closed: new Set() };
    case 'fold':
      return folded(state, action.how, context);
    case 'tag':
      return tagged(state, context);
    case 'untag':
      return { ...state, tagged: new Set() };
    case 'follow': {
      const item = context.items[positionOf(state, context.items)];
      return { ...state, follow: state.follow ? undefined : followed(item, context) };
    }
    case 'host':
      return { ...state, host: state.host === undefined ? selectedHost(state, context) : undefined };
    case 'screen':
      return onScreen(state, action.to, context.dashboards);
    case 'screen-next': {
      const { length } = context.dashboards;
      return length === 0 ? state : onScreen(state, (state.screen + action.by + length) % length, context.dashboards);
    }
    case 'why': {
      const to = context.dashboards.findIndex(({ name }) => name === WHY_SCREEN);
      return onScreen(state, state.screen === to ? 0 : to, context.dashboards);
    }
    case 'sort':
    case 'sort-next':
    case 'reverse':
      return afterSort(state, action, context);
    case 'filter':
    case 'search':
    case 'jump':
    case 'clear':
    case 'columns':
    case 'explain':
    case 'details':
    case 'help':
    case 'events':
    case 'charts':
      return afterOpening(state, action, context);
    case 'act':
    case 'fix':
    case 'prove':
    case 'redraw':
    case 'suspend':
    case 'quit':
      return state;
    default:
      return afterSwitch(state, action);
  }
}

/** The machine of the selected row; for a group by machine, that of its rows. */
function selectedHost(state: State, { items, frame }: ActionContext): string | undefined {
  const item = items[positionOf(state, items)];
  return frame?.workloads[item?.members[0] ?? item?.row ?? -1]?.host;
}

/** The groupings to go through: that by machine only where there are several. */
const groupingsOf = ({ longestHost }: State): readonly Grouping[] =>
  GROUPINGS.filter((grouping) => grouping !== 'host' || longestHost > 0);

/** The screen that looks closer at the selected row. */
const WHY_SCREEN = 'neighbours';

type ActionOf<Type extends Action['type']> = Extract<Action, { readonly type: Type }>;

/** Moves the selection, or scrolls the text that lies over the table or has the whole window. */
function afterMove(state: State, action: ActionOf<'move' | 'page' | 'first' | 'last'>, context: ActionContext): State {
  const { items, window, scroll } = context;
  const { overflow, room } = scroll;
  const isPage = action.type === 'page';
  const by = 'by' in action ? action.by : action.type === 'first' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const scrolled = (top: number): number =>
    Math.max(0, Math.min(overflow, top + by * (isPage ? Math.max(1, room - 1) : 1)));
  const { modal } = state;
  if (isViewer(modal)) return { ...state, modal: { ...modal, top: scrolled(modal.top) } };
  if (state.details) return { ...state, detailsTop: scrolled(state.detailsTop) };
  return select(state, context, positionOf(state, items) + by * (isPage ? Math.max(1, window - 1) : 1));
}

function afterSort(
  state: State,
  action: ActionOf<'sort' | 'sort-next' | 'reverse'>,
  { sortable }: ActionContext,
): State {
  if (action.type === 'reverse') return { ...state, reverse: !state.reverse };
  if (action.type === 'sort') return { ...state, sort: action.by, reverse: false };
  const { modal } = state;
  if (modal?.kind === 'explain') {
    const slots = sortable.filter((slot) => !isTextSort(slot));
    return { ...state, modal: { kind: 'explain', slot: cycled(slots, modal.slot, action.by), top: 0 } };
  }
  if (modal?.kind === 'events') {
    return { ...state, modal: { ...modal, show: cycled(EVENT_FILTERS, modal.show, action.by), top: 0 } };
  }
  return { ...state, sort: cycled(sortable, state.sort, action.by), reverse: false };
}

/** What opens something over the table, or closes it. */
function afterOpening(
  state: State,
  action: ActionOf<
    'filter' | 'search' | 'jump' | 'clear' | 'columns' | 'explain' | 'details' | 'help' | 'events' | 'charts'
  >,
  context: ActionContext,
): State {
  const { modal } = state;
  const onTable = { ...state, modal: undefined, details: false, charts: false };
  switch (action.type) {
    case 'filter':
      return modal?.kind === 'events' ? { ...state, prompt: 'events' } : { ...onTable, prompt: 'filter' };
    case 'search':
      return { ...onTable, prompt: 'search', search: '' };
    case 'jump':
      return { ...state, prompt: 'jump', jump: '' };
    case 'clear':
      if (modal) return { ...state, modal: undefined };
      if (state.details || state.charts) return onTable;
      if (state.tagged.size > 0) return { ...state, tagged: new Set() };
      return state.filter === '' ? { ...state, host: undefined } : { ...state, filter: '' };
    case 'columns':
      return { ...state, modal: openColumnsForm(state.columns) };
    case 'explain': {
      if (modal?.kind === 'explain') return { ...state, modal: undefined };
      const slot = isTextSort(state.sort) ? 'cpu_percent' : state.sort;
      return { ...state, modal: { kind: 'explain', slot, top: 0 } };
    }
    case 'details': {
      const item = context.items[positionOf(state, context.items)];
      // A group that is no cgroup has no inside of its own but its rows.
      if (!state.details && (item?.row ?? 0) < 0) {
        const isMachine = state.grouping === 'host' && state.host === undefined;
        return isMachine ? { ...state, host: selectedHost(state, context) } : folded(state, 'toggle', context);
      }
      return { ...onTable, details: !state.details, detailsTop: 0 };
    }
    case 'help':
      return { ...state, modal: modal?.kind === 'help' ? undefined : { kind: 'help', top: 0 } };
    case 'events': {
      if (modal?.kind === 'events') return { ...state, modal: undefined };
      const text = isQuery(state.filter) ? '' : state.filter;
      return { ...state, modal: { kind: 'events', show: ALL_EVENTS, text, top: 0 } };
    }
    case 'charts':
      return { ...onTable, charts: !state.charts };
  }
}

/** What is switched over, or on and off. */
function afterSwitch(
  state: State,
  action: ActionOf<
    | 'memory'
    | 'scale'
    | 'all'
    | 'kernel-threads'
    | 'pause'
    | 'step'
    | 'find'
    | 'speed'
    | 'alarm'
    | 'mouse'
    | 'span'
    | 'theme'
  >,
): State {
  const { scales } = state;
  switch (action.type) {
    case 'memory':
      return { ...state, scales: { ...scales, memory: (scales.memory + 1) % MEMORY_DEFINITIONS.length } };
    case 'scale':
      return { ...state, scales: { ...scales, cpu: (scales.cpu + 1) % CPU_SCALES.length } };
    case 'all':
      return { ...state, all: !state.all };
    case 'kernel-threads':
      return { ...state, kernelThreads: !state.kernelThreads };
    case 'pause':
      return { ...state, paused: !state.paused };
    case 'step':
      return { ...state, paused: true };
    case 'find':
      return state;
    case 'speed':
      return { ...state, speed: Math.max(0, Math.min(SPEEDS.length - 1, state.speed + action.by)) };
    case 'alarm':
      return { ...state, alarm: cycled(ALARMS, state.alarm, 1) };
    case 'mouse':
      return { ...state, mouse: !state.mouse };
    case 'span':
      return { ...state, span: (state.span + action.by + SPANS.length) % SPANS.length };
    case 'theme':
      return { ...state, theme: cycled<string>(THEME_NAMES, state.theme, 1) };
  }
}

/** What a dashboard does not say stays as it is, but for the columns: those of the one before would not fit it. */
export function onScreen(state: State, to: number, dashboards: readonly Dashboard[]): State {
  const dashboard = dashboards[to];
  if (!dashboard) return state;
  const { name, columns, sort, grouping, filter, details = false } = dashboard;
  return {
    ...state,
    screen: to,
    columns: state.ownColumns[name] ?? columns,
    details,
    charts: false,
    modal: undefined,
    ...(sort === undefined ? {} : { sort, reverse: false }),
    ...(grouping === undefined ? {} : { grouping, closed: new Set() }),
    ...(filter === undefined ? {} : { filter }),
  };
}

function cycled<T>(list: readonly T[], now: T, by: number): T {
  return list[(list.indexOf(now) + by + list.length) % list.length] ?? now;
}

/** A key while the filter or the search is typed. A search goes along as it is typed. */
export function afterTyping(state: State, key: Typed, context: ActionContext): State {
  const { prompt } = state;
  if (prompt === undefined) return state;
  if (key.full === 'return') return { ...state, prompt: undefined };
  if (key.full === 'escape') return { ...withTyped(state, prompt, ''), prompt: undefined };
  if (prompt === 'search' && (key.full === 'f3' || key.full === 'down')) return found(state, context, 1);
  const text = edited(typedText(state), key);
  if (text === undefined) return state;
  const next = withTyped(state, prompt, text);
  return prompt === 'search' ? found(next, context, 0) : next;
}

function withTyped(state: State, prompt: NonNullable<State['prompt']>, text: string): State {
  if (prompt !== 'events') return { ...state, [prompt]: text };
  return state.modal?.kind === 'events' ? { ...state, modal: { ...state.modal, text, top: 0 } } : state;
}

/** Whether any row holds what is searched for, in a closed branch or not. */
export const isFound = ({ search }: State, { frame, unfolded }: ActionContext): boolean =>
  frame !== undefined && searchFrom(frame, unfolded(), search, 0) >= 0;

/** The row that the search finds from the selected one on, `by` rows further; what is closed around it opens. */
function found(state: State, context: ActionContext, by: 0 | 1): State {
  const { frame, items } = context;
  if (!frame) return state;
  const all = context.unfolded();
  const index = searchFrom(frame, all, state.search, positionOf(state, all) + by);
  const item = all[index];
  if (!item) return state;
  const shown = items.findIndex(({ key }) => key === item.key);
  if (shown >= 0) return select(state, context, shown);
  const closed = new Set(state.closed);
  for (const at of allAround(all, index)) closed.delete(all[at]?.key ?? -1);
  return movedTo({ ...state, closed }, item, context);
}

function folded(state: State, how: 'open' | 'close' | 'toggle' | 'all', context: ActionContext): State {
  const { items } = context;
  const closed = new Set(state.closed);
  const at = positionOf(state, items);
  if (how === 'all') {
    const folders = items.filter(({ open }) => open !== undefined);
    if (!folders.some(({ open }) => open)) return { ...state, closed: new Set() };
    for (const { key } of folders) closed.add(key);
    const outermost = allAround(items, at).at(-1);
    return outermost === undefined ? { ...state, closed } : movedTo({ ...state, closed }, items[outermost], context);
  }
  const index = how === 'close' && items[at]?.open !== true ? allAround(items, at)[0] : at;
  const item = index === undefined ? undefined : items[index];
  if (item?.open === undefined) return state;
  if (how === 'open' || (how === 'toggle' && !item.open)) closed.delete(item.key);
  else closed.add(item.key);
  return movedTo({ ...state, closed }, item, context);
}

/** Indices of the items that hold this one, the nearest first. */
function allAround(items: readonly Item[], at: number): number[] {
  const found: number[] = [];
  for (let index = at - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.open && index + item.holds >= at) found.push(index);
  }
  return found;
}

/** Tags or untags the row and goes to the next one; a group tags what is in it. */
function tagged(state: State, context: ActionContext): State {
  const { items, frame } = context;
  const at = positionOf(state, items);
  const item = items[at];
  if (!item || !frame) return state;
  const isGroup = item.row < 0;
  const inodes = isGroup
    ? item.members.flatMap((row) => frame.workloads[row]?.inode ?? [])
    : [frame.workloads[item.row]?.inode ?? -1];
  const next = new Set(state.tagged);
  const add = !inodes.every((inode) => next.has(inode));
  for (const inode of inodes) {
    if (add) next.add(inode);
    else next.delete(inode);
  }
  return select({ ...state, tagged: next }, context, at + 1);
}
