/** What follows from an event for the rest: the layout, the rows of the Frame, and which of them is selected. Pure. */

import { fleetIn } from '../fleet/frame.ts';
import { placeOf } from '../inventory/workload.ts';
import type { Item } from '../metrics/grouping.ts';
import { madeFrom } from '../metrics/made-from.ts';
import type { Frame } from '../metrics/source.ts';
import { cellWidth } from '../text/cells.ts';
import { demandedIn, type Layout, layoutOf } from './layout.ts';
import { isShownAlike, shownOf } from './rows.ts';
import { oomKillsShown, selectedWorkload } from './scene.ts';
import { settle } from './selection.ts';
import type { Session, Surroundings, Trouble } from './session.ts';
import type { Followed, State } from './state.ts';

/** `before`: as it was before the event; `after`: with what the event itself has changed. */
export function arranged(before: Session, after: Session, surroundings: Surroundings): Session {
  const rows = withRows(after, surroundings);
  const { frame } = rows;
  return frame ? withSelection(before, rows, frame) : rows;
}

const lastLayout = madeFrom<Layout>();

/** The layout, and the rows that the table has. */
function withRows(session: Session, { dashboards }: Surroundings): Session {
  const { size, frame, shownFor } = session;
  const oomKills = oomKillsShown(session).length;
  const longestHost = longestHostIn(frame, session.state);
  const state = session.state.longestHost === longestHost ? session.state : { ...session.state, longestHost };
  const { screen, details, charts, sort, scales } = state;
  const layout = lastLayout([size, oomKills, dashboards, screen, details, charts, sort, scales], () =>
    layoutOf({ state, dashboard: dashboards[screen], size, oomKills }),
  );
  const next = { ...session, state, layout, trouble: wantedTrouble(session, layout) };
  if (!frame || (shownFor?.frame === frame && isShownAlike(state, shownFor.state))) return next;
  return { ...next, shown: shownOf(frame, state), shownFor: { frame, state } };
}

/** Trouble with a part that no pane demands any more is told no longer: nobody would learn whether it can be read again. */
const wantedTrouble = ({ trouble }: Session, layout: Layout): Trouble | undefined =>
  trouble?.part === undefined || demandedIn(layout).has(trouble.part) ? trouble : undefined;

/** Once one machine is chosen the header names it. */
const longestHostIn = (frame: Frame | undefined, { host }: State): number =>
  host === undefined
    ? (fleetIn(frame)?.machines ?? []).reduce((most, { name }) => Math.max(most, cellWidth(name)), 0)
    : 0;

function withSelection(before: Session, session: Session, frame: Frame): Session {
  const hasRates = session.hasRates || !Number.isNaN(frame.usage.seconds);
  const items = session.shown?.items ?? [];
  const wanted = wantedIn(before, session, hasRates);
  const found = wanted.follow ? foundAgain(wanted, wanted.follow, frame, items) : wanted;
  const state = settle(found, { items, window: session.layout.window });
  const next = { ...session, hasRates, state };
  if (found.selected === undefined || state.selected === found.selected) return next;
  const isThere = frame.workloads.some(({ inode }) => inode === found.selected);
  // In a Frame of the past the row may not have been there yet: it is selected again once the display goes on.
  if (state.paused && typeof found.selected === 'number' && !isThere) {
    return { ...next, state: { ...state, selected: found.selected, position: found.position } };
  }
  const left = selectedWorkload(before);
  return left && left.inode === found.selected ? withoutWholeWindow(next, left.name, isThere) : next;
}

/** The first Frame has no rates, so its order says nothing: the first row of the second one is selected. */
function wantedIn(before: Session, { state, hasMoved }: Session, hasRates: boolean): State {
  const isFirstOrder = hasRates && !before.hasRates && before.frame !== undefined;
  return isFirstOrder && !hasMoved && !state.details ? { ...state, selected: undefined, position: 0 } : state;
}

/** Selects who is followed wherever it is in the table, under another inode where it was re-created. */
function foundAgain(state: State, follow: Followed, { workloads }: Frame, items: readonly Item[]): State {
  const { key, place } = follow;
  const same = workloads.find(({ inode }) => inode === key);
  const again = same ?? workloads.find((workload) => placeOf(workload) === place);
  const found = again?.inode ?? key;
  if (!items.some((item) => item.key === found)) return state;
  // Its name may have become known by now.
  const now = again ? { key: found, place: placeOf(again), name: again.name } : follow;
  return { ...state, selected: found, follow: now };
}

/** What has the whole window does not become another row unasked. */
function withoutWholeWindow(session: Session, name: string, isThere: boolean): Session {
  const { state } = session;
  if (!state.details && !state.charts) return session;
  const why = isThere ? 'is not in the table any more: nothing runs in it, or the filter leaves it out' : 'has ended';
  return {
    ...session,
    state: { ...state, details: false, charts: false },
    notice: { text: `${name} ${why}`, style: 'warning' },
  };
}
