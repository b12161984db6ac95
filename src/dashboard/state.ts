/** What the user has set and selected, and how an action changes it. Pure: the screen draws it, the loop feeds it. */
import type { Workload } from '../inventory/workload.ts';
import type { Frame } from '../metrics/source.ts';
import type { Action } from './keys.ts';

export interface State {
  /** Inode of the selected cgroup: selection follows identity, never a row number. */
  readonly selected: number | undefined;
  /** Where that row was last: the row that takes its place is selected once it is gone. */
  readonly position: number;
  /** First row of the window on the table. */
  readonly top: number;
  /** Metric id or `name`. */
  readonly sort: string;
  readonly reverse: boolean;
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  readonly all: boolean;
  readonly paused: boolean;
  readonly help: boolean;
  /** First line of help shown. */
  readonly helpTop: number;
  /** The processes of the selected row have the whole window. */
  readonly details: boolean;
  /** First line of the process tree. */
  readonly detailsTop: number;
}

export const INITIAL: State = {
  selected: undefined,
  position: 0,
  top: 0,
  sort: 'cpu_percent',
  reverse: false,
  filter: '',
  typing: false,
  all: false,
  paused: false,
  help: false,
  helpTop: 0,
  details: false,
  detailsTop: 0,
};

/** Rows of the Frame that are shown, in order. */
export function shownRows({ usage, workloads }: Frame, { sort, reverse, filter, all }: State): number[] {
  const needle = filter.toLowerCase();
  const rows = workloads.flatMap((workload, row) =>
    (all || isListed(workload)) && (needle === '' || haystack(workload).includes(needle)) ? [row] : [],
  );
  const sign = reverse ? -1 : 1;
  const byName = (a: number, b: number): number => (workloads[a]?.name ?? '').localeCompare(workloads[b]?.name ?? '');
  if (sort === 'name') return rows.sort((a, b) => sign * byName(a, b));
  const values = usage.column(sort);
  return rows.sort((a, b) => {
    const [first = Number.NaN, second = Number.NaN] = [values[a], values[b]];
    const missing = Number(Number.isNaN(first)) - Number(Number.isNaN(second));
    return missing || sign * (second - first || 0) || byName(a, b);
  });
}

const isListed = ({ kind }: Workload): boolean => !['root', 'slice', 'monitor', 'inner'].includes(kind);

const haystack = ({ name, path, image }: Workload): string => `${name} ${path} ${image ?? ''}`.toLowerCase();

export interface UpdateContext {
  /** Inodes of the shown rows, in order. */
  readonly order: readonly number[];
  /** Rows that the table shows at once. */
  readonly window: number;
  /** `name` and the metric ids of the columns, in order. */
  readonly columns: readonly string[];
  /** Lines that scroll in the whole-window view, past its height. */
  readonly overflow: number;
}

export function update(state: State, action: Action, context: UpdateContext): State {
  const { order, window, columns, overflow } = context;
  const scroll = (by: number): State | undefined => {
    const clamp = (value: number): number => Math.max(0, Math.min(overflow, value));
    if (state.help) return { ...state, helpTop: clamp(state.helpTop + by) };
    if (state.details) return { ...state, detailsTop: clamp(state.detailsTop + by) };
    return undefined;
  };
  switch (action.type) {
    case 'move':
      return scroll(action.by) ?? select(state, context, positionOf(state, order) + action.by);
    case 'page':
      return (
        scroll(action.by * window) ??
        select(state, context, positionOf(state, order) + action.by * Math.max(1, window - 1))
      );
    case 'first':
      return scroll(-overflow) ?? select(state, context, 0);
    case 'last':
      return scroll(overflow) ?? select(state, context, order.length - 1);
    case 'sort':
      return { ...state, sort: action.by, reverse: false };
    case 'sort-next': {
      const next = (columns.indexOf(state.sort) + action.by + columns.length) % columns.length;
      return { ...state, sort: columns[next] ?? state.sort, reverse: false };
    }
    case 'reverse':
      return { ...state, reverse: !state.reverse };
    case 'filter':
      return { ...state, typing: true, help: false, details: false };
    case 'clear-filter':
      if (state.help) return { ...state, help: false };
      if (state.details) return { ...state, details: false };
      return { ...state, filter: '', typing: false };
    case 'all':
      return { ...state, all: !state.all };
    case 'details':
      return { ...state, details: !state.details, detailsTop: 0, help: false };
    case 'pause':
      return { ...state, paused: !state.paused };
    case 'help':
      return { ...state, help: !state.help, helpTop: 0 };
    case 'redraw':
    case 'suspend':
    case 'quit':
      return state;
  }
}

/** A key while the filter is typed. */
export function type(state: State, key: { full: string; character?: string }): State {
  if (key.full === 'return') return { ...state, typing: false };
  if (key.full === 'escape') return { ...state, typing: false, filter: '' };
  if (key.full === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join('') };
  if (key.full === 'C-u') return { ...state, filter: '' };
  const { character } = key;
  return character && !/\p{Cc}/u.test(character) ? { ...state, filter: state.filter + character } : state;
}

const positionOf = ({ selected }: State, order: readonly number[]): number =>
  Math.max(0, selected === undefined ? 0 : order.indexOf(selected));

function select(state: State, context: UpdateContext, wanted: number): State {
  const { order } = context;
  const index = Math.max(0, Math.min(order.length - 1, wanted));
  return settle({ ...state, selected: order[index] }, context);
}

/**
 * Keeps the selection on a row that exists and in the window. A selected row that is gone gives its place on the
 * screen to the next one.
 */
export function settle(state: State, { order, window }: Pick<UpdateContext, 'order' | 'window'>): State {
  if (order.length === 0) return { ...state, selected: undefined, position: 0, top: 0 };
  let index = state.selected === undefined ? 0 : order.indexOf(state.selected);
  if (index < 0) index = Math.min(state.position, order.length - 1);
  const highest = Math.max(0, Math.min(state.top, order.length - window));
  const top = index < highest ? index : index >= highest + window ? index - window + 1 : highest;
  return { ...state, selected: order[index], position: index, top };
}
