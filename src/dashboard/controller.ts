/** What keys do: the state, the forms and the actions behind them. Draws nothing and samples nothing itself. */

import { placeOf, type Workload } from '../inventory/workload.ts';
import type { ItemKey } from '../metrics/grouping.ts';
import type { Frame } from '../metrics/source.ts';
import { errorText } from '../text/error-text.ts';
import { type Acting, actionKey, type Confirmed, openAction } from './actions.ts';
import { type Aftermath, aftermathMessage, aftermathOf } from './aftermath.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS, sortable } from './columns.ts';
import { columnsKey } from './columns-form.ts';
import type { Dashboard } from './dashboards.ts';
import { type Action, actionOf } from './keys.ts';
import { type ActionName, isViewer, type Modal, type Typed, type Viewer } from './modal.ts';
import { isShownAlike, type Shown, shownOf } from './rows.ts';
import { settle } from './selection.ts';
import type { Settings } from './settings.ts';
import type { Followed, FooterMessage, State } from './state.ts';
import { switchedText } from './switched.ts';
import { isFound, NO_SCROLL, type Scroll, type, type UpdateContext, update } from './update.ts';

export interface ControllerOptions {
  readonly initial: State;
  readonly dashboards: readonly Dashboard[];
  /** Absent with --readonly. */
  readonly acting: Acting | undefined;
  /** The Frame of now, though another one is held on the screen. */
  readonly newest: () => Frame | undefined;
  /** Rows that the table shows at once. */
  readonly window: () => number;
  /** Something changed: draw. */
  readonly onChange: () => void;
  /** Actions that are the screen's or the loop's. */
  readonly onAction: (action: Action) => void;
  /** Paths whose limits change by our own hand. */
  readonly onOwnChange: (paths: readonly string[]) => void;
  readonly save: (key: keyof Settings, value: Settings[keyof Settings]) => void;
}

export interface Controller {
  state(): State;
  shown(): Shown | undefined;
  /** Rows, order and selection of this Frame. */
  see(frame: Frame): void;
  setScroll(scroll: Scroll): void;
  key(key: Typed): void;
  act(action: Action): void;
  tell(message: FooterMessage): void;
  message(): FooterMessage | undefined;
  selected(): Workload | undefined;
  /** Resolves once no change is under way: one of limits is taken back. */
  finish(): Promise<void>;
}

/** Selects who is followed wherever it is in the table, under another inode where it was re-created. */
function foundAgain(state: State, follow: Followed, { workloads }: Frame, order: readonly ItemKey[]): State {
  const { key, place } = follow;
  const same = workloads.find(({ inode }) => inode === key);
  const again = same ?? workloads.find((workload) => placeOf(workload) === place);
  const found = again?.inode ?? key;
  if (!order.includes(found)) return state;
  // Its name may have become known by now.
  const now = again ? { key: found, place: placeOf(again), name: again.name } : follow;
  return { ...state, selected: found, follow: now };
}

export function createController(options: ControllerOptions): Controller {
  const { dashboards, acting, onChange, onAction } = options;
  let state = options.initial;
  let frame: Frame | undefined;
  let hasRates = false;
  /** What `see` selected last: another selection is the user's. */
  let placed = state.selected;
  let hasMoved = false;
  let shown: Shown | undefined;
  /** State that `shown` was made for. */
  let shownFor = state;
  let scroll = NO_SCROLL;
  /** Until the next key. */
  let notice: FooterMessage | undefined;
  let aftermath: Aftermath | undefined;
  let underWay: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  const contextNow = (): UpdateContext => ({
    frame,
    items: shown?.items ?? [],
    unfolded: () =>
      frame && state.closed.size > 0 ? shownOf(frame, { ...state, closed: new Set() }).items : (shown?.items ?? []),
    window: options.window(),
    sortable: sortable(state.columns),
    scroll,
    dashboards,
  });
  const selected = (): Workload | undefined => {
    const item = shown?.items.find(({ key }) => key === state.selected);
    return item && frame?.workloads[item.row];
  };

  function see(next: Frame): void {
    const before = selected();
    // The first Frame has no rates, so its order says nothing: the first row of the second one is selected.
    const hasFirstRates = !hasRates && frame !== undefined && !Number.isNaN(next.usage.seconds);
    hasMoved ||= state.selected !== placed;
    if (hasFirstRates && !hasMoved && !state.details) state = { ...state, selected: undefined, position: 0 };
    hasRates ||= !Number.isNaN(next.usage.seconds);
    if (!shown || next !== frame || !isShownAlike(state, shownFor)) shown = shownOf(next, state);
    frame = next;
    shownFor = state;
    const order = shown.items.map(({ key }) => key);
    if (state.follow) state = foundAgain(state, state.follow, next, order);
    const { selected: wanted, position } = state;
    state = settle(state, { order, window: options.window() });
    if (wanted !== undefined && state.selected !== wanted) {
      const isThere = next.workloads.some(({ inode }) => inode === wanted);
      // In the past it may not have been there yet: it is selected again once the display goes on.
      if (state.paused && typeof wanted === 'number' && !isThere) state = { ...state, selected: wanted, position };
      else if (before?.inode === wanted) leave(before, isThere);
    }
    placed = state.selected;
  }

  /** What has the whole window does not become another one unasked. */
  function leave({ name }: Workload, isThere: boolean): void {
    if (!state.details && !state.charts) return;
    state = { ...state, details: false, charts: false };
    const why = isThere ? 'is not in the table any more: nothing runs in it, or the filter leaves it out' : 'has ended';
    notice = { text: `${name} ${why}`, style: 'warning' };
  }

  function key(typed: Typed): void {
    const { modal, prompt } = state;
    if (typed.full === 'C-c') onAction({ type: 'quit' });
    if (prompt !== undefined) {
      notice = undefined;
      state = type(state, typed, contextNow());
      if (prompt === 'search') tellSearch();
      onChange();
    } else if (modal && !isViewer(modal)) {
      formKey(modal, typed);
      onChange();
    } else {
      const action = actionOf(typed.full, typed.character);
      if (action) act(action);
    }
  }

  function act(action: Action): void {
    notice = undefined;
    const before = state;
    if (action.type === 'act') openForm(action.what);
    state = update(state, action, contextNow());
    onAction(action);
    const told = switchedText(before, state);
    // Unless it could not be saved: that is told then.
    if (told !== undefined) notice = { text: told, style: 'good' };
    if (action.type === 'search-next') tellSearch();
    if (action.type === 'fold' && !shown?.items.some(({ open }) => open !== undefined))
      notice = { text: 'no groups here: t arranges the rows in some', style: 'warning' };
    for (const key of ['theme', 'mouse', 'alarm'] as const) if (state[key] !== before[key]) remember(key, state[key]);
    if (state.scales.memory !== before.scales.memory)
      remember('memory', MEMORY_DEFINITIONS[state.scales.memory]?.metric);
    if (state.scales.cpu !== before.scales.cpu) remember('cpu', CPU_SCALES[state.scales.cpu]?.scale);
    onChange();
  }

  function tellSearch(): void {
    const { search, prompt } = state;
    if (search === '' && prompt === undefined) notice = { text: 'nothing to search for yet: / asks', style: 'warning' };
    if (search === '' || isFound(state, contextNow())) return;
    notice = { text: `nothing found that holds "${search}"`, style: 'warning' };
  }

  function formKey(modal: Exclude<Modal, Viewer>, typed: Typed): void {
    const result =
      modal.kind === 'columns'
        ? columnsKey(modal, typed)
        : acting
          ? actionKey(modal, typed, acting, scroll.overflow)
          : 'cancel';
    if (result !== 'cancel' && 'form' in result) {
      state = { ...state, modal: result.form };
      return;
    }
    state = { ...state, modal: undefined };
    if (result === 'cancel') return;
    if ('chosen' in result) {
      choose(result.chosen);
    } else begin(result);
  }

  /** Of this screen; undefined for the dashboard's own. */
  function choose(columns: readonly string[] | undefined): void {
    const { name = '', columns: shipped } = dashboards[state.screen] ?? {};
    const { [name]: _, ...others } = state.ownColumns;
    const ownColumns = columns ? { ...others, [name]: columns } : others;
    state = { ...state, columns: columns ?? shipped, ownColumns };
    remember('columns', ownColumns);
  }

  /** Of the tagged rows, else of the selected one. */
  function openForm(what: ActionName): void {
    const { tagged } = state;
    const one = selected();
    const all = frame?.workloads ?? [];
    const targets = tagged.size > 0 ? all.filter(({ inode }) => tagged.has(inode)) : one ? [one] : [];
    if (!acting) {
      notice = { text: 'read only: tstop was started with --readonly', style: 'warning' };
      return;
    }
    if (underWay) {
      notice = { text: 'a change is under way: wait for it, or quit to take it back', style: 'warning' };
      return;
    }
    const isGroup = (shown?.items.find(({ key }) => key === state.selected)?.row ?? 0) < 0;
    if (what !== 'undo' && targets.length === 0 && isGroup) {
      notice = { text: 'a group: tag its rows with Space', style: 'warning' };
      return;
    }
    const opened = openAction(what, what === 'undo' ? all : targets, acting);
    if ('kind' in opened) state = { ...state, modal: opened };
    else notice = opened;
  }

  function begin(confirmed: Confirmed): void {
    const abort = new AbortController();
    const done = carryOut(confirmed, abort.signal).finally(() => {
      underWay = undefined;
    });
    underWay = { abort, done };
  }

  async function carryOut({ run, targets }: Confirmed, signal: AbortSignal): Promise<void> {
    const before = options.newest();
    aftermath = undefined;
    options.onOwnChange(targets.map(({ path }) => path));
    const onProgress = (text: string): void => {
      notice = { text, style: 'good' };
      onChange();
    };
    try {
      const text = await run(onProgress, signal);
      notice = undefined;
      aftermath = aftermathOf(text, targets, before, Date.now());
      state = { ...state, tagged: new Set() };
    } catch (error) {
      notice = { text: errorText(error), style: 'critical' };
    }
    onChange();
  }

  function remember(setting: keyof Settings, value: Settings[keyof Settings]): void {
    try {
      options.save(setting, value);
    } catch (error) {
      notice = { text: `not saved: ${errorText(error)}`, style: 'warning' };
    }
  }

  return {
    state: () => state,
    shown: () => shown,
    see,
    setScroll: (next) => {
      scroll = next;
    },
    key,
    act,
    tell: (message) => {
      notice = message;
    },
    message: () => {
      const newest = options.newest();
      return notice ?? (aftermath && newest && aftermathMessage(aftermath, newest, Date.now()));
    },
    selected,
    finish: async () => {
      if (!underWay) return;
      const { abort, done } = underWay;
      abort.abort();
      notice = { text: 'a change is under way: it is taken back …', style: 'warning' };
      onChange();
      await done;
    },
  };
}
