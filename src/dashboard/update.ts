/** How an action changes the state. Pure. */
import { GROUPINGS, type Item, type ItemKey } from '../metrics/grouping.ts';
import { isQuery } from '../metrics/query.ts';
import type { Frame } from '../metrics/source.ts';
import { SPANS } from './chart-view.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS } from './columns.ts';
import { openColumnsForm } from './columns-form.ts';
import type { Dashboard } from './dashboards.ts';
import { ALL_EVENTS, EVENT_FILTERS } from './events-view.ts';
import type { Action } from './keys.ts';
import { edited, isViewer, type Typed } from './modal.ts';
import { searchFrom } from './rows.ts';
import { ALARMS, type Followed, type State, typedText } from './state.ts';
import { THEMES } from './themes.ts';

/** Of what lies over the table, or has the whole window. */
export interface Scroll {
  /** Lines that it has beyond those for which there is room. */
  readonly overflow: number;
  /** Lines that it shows at once. */
  readonly room: number;
}

export const NO_SCROLL: Scroll = { overflow: 0, room: 1 };

export interface UpdateContext {
  readonly frame: Frame | undefined;
  /** Items of the table, in order. */
  readonly items: readonly Item[];
  /** Rows that the table shows at once. */
  readonly window: number;
  /** What can be sorted by, in order. */
  readonly sortable: readonly string[];
  readonly scroll: Scroll;
  readonly dashboards: readonly Dashboard[];
}

export function update(state: State, action: Action, context: UpdateContext): State {
  const { items, window, sortable } = context;
  const { overflow, room } = context.scroll;
  const scroll = (by: number): State | undefined => {
    const clamp = (value: number): number => Math.max(0, Math.min(overflow, value));
    const { modal } = state;
    if (isViewer(modal)) return { ...state, modal: { ...modal, top: clamp(modal.top + by) } };
    if (state.details) return { ...state, detailsTop: clamp(state.detailsTop + by) };
    return undefined;
  };
  switch (action.type) {
    case 'move':
      return scroll(action.by) ?? select(state, context, positionOf(state, items) + action.by);
    case 'page':
      return (
        scroll(action.by * Math.max(1, room - 1)) ??
        select(state, context, positionOf(state, items) + action.by * Math.max(1, window - 1))
      );
    case 'first':
      return scroll(-overflow) ?? select(state, context, 0);
    case 'last':
      return scroll(overflow) ?? select(state, context, items.length - 1);
    case 'sort':
      return { ...state, sort: action.by, reverse: false };
    case 'sort-next':
      if (state.modal?.kind === 'explain') {
        const slots = sortable.filter((slot) => slot !== 'name');
        return { ...state, modal: { kind: 'explain', slot: cycled(slots, state.modal.slot, action.by), top: 0 } };
      }
      if (state.modal?.kind === 'events') {
        const show = cycled(EVENT_FILTERS, state.modal.show, action.by);
        return { ...state, modal: { ...state.modal, show, top: 0 } };
      }
      return { ...state, sort: cycled(sortable, state.sort, action.by), reverse: false };
    case 'reverse':
      return { ...state, reverse: !state.reverse };
    case 'filter':
      if (state.modal?.kind === 'events') return { ...state, prompt: 'events' };
      return { ...state, prompt: 'filter', modal: undefined, details: false, charts: false };
    case 'search':
      return { ...state, prompt: 'search', search: '', modal: undefined, details: false, charts: false };
    case 'search-next':
      return found(state, context, state.search, positionOf(state, items) + 1);
    case 'clear':
      if (state.modal) return { ...state, modal: undefined };
      if (state.details || state.charts) return { ...state, details: false, charts: false };
      if (state.tagged.size > 0) return { ...state, tagged: new Set() };
      return { ...state, filter: '' };
    case 'group':
      return { ...state, grouping: cycled(GROUPINGS, state.grouping, 1), closed: new Set() };
    case 'fold':
      return folded(state, action.how, context);
    case 'tag':
      return tagged(state, context);
    case 'untag':
      return { ...state, tagged: new Set() };
    case 'follow':
      return { ...state, follow: state.follow ? undefined : followed(items[positionOf(state, items)], context) };
    case 'memory':
      return {
        ...state,
        scales: { ...state.scales, memory: (state.scales.memory + 1) % MEMORY_DEFINITIONS.length },
      };
    case 'scale':
      return { ...state, scales: { ...state.scales, cpu: (state.scales.cpu + 1) % CPU_SCALES.length } };
    case 'all':
      return { ...state, all: !state.all };
    case 'kernel-threads':
      return { ...state, kernelThreads: !state.kernelThreads };
    case 'columns':
      return { ...state, modal: openColumnsForm(state.columns) };
    case 'explain': {
      if (state.modal?.kind === 'explain') return { ...state, modal: undefined };
      const slot = state.sort === 'name' ? 'cpu_percent' : state.sort;
      return { ...state, modal: { kind: 'explain', slot, top: 0 } };
    }
    case 'details':
      // A group that is no cgroup has no inside of its own but its rows.
      if (!state.details && (items[positionOf(state, items)]?.row ?? 0) < 0) return folded(state, 'toggle', context);
      return { ...state, details: !state.details, charts: false, detailsTop: 0, modal: undefined };
    case 'pause':
      return { ...state, paused: !state.paused };
    case 'help':
      return { ...state, modal: state.modal?.kind === 'help' ? undefined : { kind: 'help', top: 0 } };
    case 'events':
      if (state.modal?.kind === 'events') return { ...state, modal: undefined };
      return {
        ...state,
        modal: { kind: 'events', show: ALL_EVENTS, text: isQuery(state.filter) ? '' : state.filter, top: 0 },
      };
    case 'alarm':
      return { ...state, alarm: cycled(ALARMS, state.alarm, 1) };
    case 'mouse':
      return { ...state, mouse: !state.mouse };
    case 'charts':
      return { ...state, charts: !state.charts, details: false, modal: undefined };
    case 'span':
      return { ...state, span: (state.span + action.by + SPANS.length) % SPANS.length };
    case 'step':
      return { ...state, paused: true };
    case 'screen':
      return onScreen(state, action.to, context.dashboards);
    case 'screen-next': {
      const { length } = context.dashboards;
      return length === 0 ? state : onScreen(state, (state.screen + action.by + length) % length, context.dashboards);
    }
    case 'theme':
      return { ...state, theme: cycled(Object.keys(THEMES), state.theme, 1) };
    case 'act':
    case 'redraw':
    case 'suspend':
    case 'quit':
      return state;
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
export function type(state: State, key: Typed, context: UpdateContext): State {
  const { prompt } = state;
  if (prompt === undefined) return state;
  if (key.full === 'return') return { ...state, prompt: undefined };
  if (key.full === 'escape') return { ...withTyped(state, prompt, ''), prompt: undefined };
  const at = positionOf(state, context.items);
  if (prompt === 'search' && (key.full === 'f3' || key.full === 'down')) {
    return found(state, context, state.search, at + 1);
  }
  const text = edited(typedText(state), key);
  if (text === undefined) return state;
  const next = withTyped(state, prompt, text);
  return prompt === 'search' ? found(next, context, text, at) : next;
}

function withTyped(state: State, prompt: NonNullable<State['prompt']>, text: string): State {
  if (prompt !== 'events') return { ...state, [prompt]: text };
  return state.modal?.kind === 'events' ? { ...state, modal: { ...state.modal, text, top: 0 } } : state;
}

function found(state: State, context: UpdateContext, text: string, from: number): State {
  const index = context.frame ? searchFrom(context.frame, context.items, text, from) : -1;
  return index < 0 ? state : select(state, context, index);
}

function folded(state: State, how: 'open' | 'close' | 'toggle' | 'all', context: UpdateContext): State {
  const { items } = context;
  const closed = new Set(state.closed);
  if (how === 'all') {
    const folders = items.filter(({ open }) => open !== undefined);
    if (folders.some(({ open }) => open)) for (const { key } of folders) closed.add(key);
    else closed.clear();
    return { ...state, closed };
  }
  const at = positionOf(state, items);
  const index = how === 'close' && items[at]?.open !== true ? around(items, at) : at;
  const item = items[index];
  if (item?.open === undefined) return state;
  if (how === 'open' || (how === 'toggle' && !item.open)) closed.delete(item.key);
  else closed.add(item.key);
  return movedTo({ ...state, closed }, item, context);
}

/** Index of the item that holds this one; -1 for none. */
function around(items: readonly Item[], at: number): number {
  for (let index = at - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.open && index + item.holds >= at) return index;
  }
  return -1;
}

/** Tags or untags the row and goes to the next one; a group tags what is in it. */
function tagged(state: State, context: UpdateContext): State {
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

const positionOf = ({ selected }: State, items: readonly Item[]): number =>
  Math.max(0, selected === undefined ? 0 : items.findIndex(({ key }) => key === selected));

function select(state: State, context: UpdateContext, wanted: number): State {
  const { items, window } = context;
  const index = Math.max(0, Math.min(items.length - 1, wanted));
  // As if nobody were followed: the line that is kept is the new one's.
  const moved = movedTo(state, items[index], context);
  const settled = settle({ ...moved, follow: undefined }, { order: items.map(({ key }) => key), window });
  return { ...settled, follow: moved.follow };
}

/** A move is the user's: who is followed is the new one. */
const movedTo = (state: State, item: Item | undefined, context: UpdateContext): State => ({
  ...state,
  selected: item?.key,
  follow: state.follow && followed(item, context),
});

const followed = (item: Item | undefined, { frame }: UpdateContext): Followed | undefined =>
  item && { key: item.key, path: frame?.workloads[item.row]?.path, name: item.name };

/**
 * Keeps the selection on a row that exists and in the window. A selected row that is gone gives its place on the
 * screen to the next one. A followed one keeps its line.
 */
export function settle(
  state: State,
  { order, window }: { readonly order: readonly ItemKey[]; readonly window: number },
): State {
  if (order.length === 0) return { ...state, selected: undefined, position: 0, top: 0 };
  let index = state.selected === undefined ? 0 : order.indexOf(state.selected);
  if (index < 0) index = Math.min(state.position, order.length - 1);
  const isFollowed = state.follow !== undefined && state.follow.key === order[index];
  const wanted = isFollowed ? index - (state.position - state.top) : state.top;
  const highest = Math.max(0, Math.min(wanted, order.length - window));
  const top = index < highest ? index : index >= highest + window ? index - window + 1 : highest;
  return { ...state, selected: order[index], position: index, top };
}
