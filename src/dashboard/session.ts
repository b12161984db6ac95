/** All that tstop remembers between two events. `update` alone makes another one of it. */

import type { LogEvent } from '../metrics/events.ts';
import type { Frame } from '../metrics/source.ts';
import { type ActionContext, NO_SCROLL, type Scroll } from './after-action.ts';
import type { Aftermath } from './aftermath.ts';
import { sortable } from './columns.ts';
import type { Dashboard } from './dashboards.ts';
import type { Part } from './inside.ts';
import { type Layout, layoutOf, type Size } from './layout.ts';
import { type Shown, shownOf } from './rows.ts';
import type { FooterMessage, State } from './state.ts';

/** How tstop ends: by a key or a signal, or because the terminal was closed. */
export type End = 'quit' | 'hung up';

/** Work of tstop that fails: it is told until that is done again, or nothing wants it any more. */
export interface Trouble {
  readonly what: string;
  /** What it reads, where it does so only for a pane that demands it. */
  readonly part?: Part | undefined;
  readonly message: string;
}

export interface Session {
  /** What the user has set and selected. */
  readonly state: State;
  readonly size: Size;
  /** What stands where, for this state and this size. */
  readonly layout: Layout;
  /** The Frame on the screen: not the newest one where the display is held. */
  readonly frame: Frame | undefined;
  readonly newest: Frame | undefined;
  /** Rows of that Frame; made for `shownFor`. */
  readonly shown: Shown | undefined;
  readonly shownFor: { readonly frame: Frame; readonly state: State } | undefined;
  /** How far the screen can be scrolled, by the last drawing. */
  readonly scroll: Scroll;
  /** A Frame with rates was seen. */
  readonly hasRates: boolean;
  /** The user has selected a row. */
  readonly hasMoved: boolean;
  /** Workloads that the OOM killer ended in the last minute. */
  readonly recentOomKills: readonly LogEvent[];
  /** Until the next key. */
  readonly notice: FooterMessage | undefined;
  /** What a change did, told for half a minute. */
  readonly aftermath: Aftermath | undefined;
  readonly trouble: Trouble | undefined;
  /** A change is under way. */
  readonly isChanging: boolean;
  /** An alarm was just seen: the header is reversed. */
  readonly isFlashing: boolean;
  /** Set once it is to end; a change under way is taken back first. */
  readonly ending: End | undefined;
}

/** What does not change as long as tstop runs. */
export interface Surroundings {
  readonly dashboards: readonly Dashboard[];
  /** Nothing may be changed: `--readonly`, or a source that shows no running machine. */
  readonly isReadOnly: boolean;
  /** Frames come by themselves, also while the display is held. */
  readonly isLive: boolean;
}

export const openSession = (state: State, size: Size, { dashboards }: Surroundings): Session => ({
  state,
  size,
  layout: layoutOf({ state, dashboard: dashboards[state.screen], size, oomKills: 0 }),
  frame: undefined,
  newest: undefined,
  shown: undefined,
  shownFor: undefined,
  scroll: NO_SCROLL,
  hasRates: false,
  hasMoved: false,
  recentOomKills: [],
  notice: undefined,
  aftermath: undefined,
  trouble: undefined,
  isChanging: false,
  isFlashing: false,
  ending: undefined,
});

export function actionContext(session: Session, { dashboards }: Surroundings): ActionContext {
  const { frame, shown, state, layout, scroll } = session;
  const items = shown?.items ?? [];
  return {
    frame,
    items,
    unfolded: () => (frame && state.closed.size > 0 ? shownOf(frame, { ...state, closed: new Set() }).items : items),
    window: layout.window,
    sortable: sortable(state),
    scroll,
    dashboards,
  };
}
