/** Makes the Scene of a session: what the screen shows besides it comes from what tstop remembers and has read. */

import type { AlertWatch } from '../diagnosis/alerts/watch.ts';
import type { SharedLooks } from '../diagnosis/trouble-watch.ts';
import { aftermathMessage } from './aftermath.ts';
import type { Dashboard } from './dashboards.ts';
import type { FleetReader } from './fleet-reader.ts';
import type { FrameMemory } from './frame-memory.ts';
import type { Scene } from './scene.ts';
import type { SelectedReader } from './selected.ts';
import type { Session } from './session.ts';
import type { FooterMessage } from './state.ts';

function messageOf({ trouble, notice, aftermath, newest }: Session): FooterMessage | undefined {
  if (trouble) return { text: `${trouble.what}: ${trouble.message}`, style: 'critical' };
  return notice ?? (aftermath && newest && aftermathMessage(aftermath, newest, Date.now()));
}

/** Seconds between the Frame on the screen and the newest. */
const ageOf = ({ frame, newest }: Session): number =>
  frame && newest ? (newest.usage.snapshot.monotonic - frame.usage.snapshot.monotonic) / 1000 : 0;

export interface SceneParts {
  readonly dashboards: readonly Dashboard[];
  /** What could not be read of settings and dashboards. */
  readonly faults: readonly string[];
  /** Between two Frames. */
  readonly seconds: number;
  readonly memory: FrameMemory;
  readonly selected: SelectedReader;
  readonly alerts?: Pick<AlertWatch, 'firing'> | undefined;
  readonly looks?: Pick<SharedLooks, 'log'> | undefined;
  readonly ofFleet?: FleetReader | undefined;
}

export function sceneMaker(parts: SceneParts): (session: Session) => Scene {
  const { dashboards, faults, seconds, memory, selected, alerts, looks, ofFleet } = parts;
  const titles = dashboards.map(({ title }) => title);
  return (session) => {
    const age = ageOf(session);
    const back = Math.round(age / seconds);
    const { processes, inside, raw } = selected.of(session);
    // One literal: an object that is spread together takes V8 some kilobytes.
    return {
      processes,
      inside,
      raw,
      state: session.state,
      frame: session.frame,
      shown: session.shown,
      titles,
      faults,
      historyOf: (inode, id, samples) =>
        ofFleet?.historyOf(session, inode, id, samples) ?? memory.historyOf(inode, id, samples, back),
      seconds,
      recreated: memory.recreated(),
      // Only where a pane tells them: findings are put among them anew.
      events: () => memory.events(looks?.log.all() ?? []),
      drifts: memory.drifts(),
      recentOomKills: session.recentOomKills,
      alerts: alerts?.firing() ?? [],
      age,
      isFlashing: session.isFlashing,
      message: messageOf(session),
    };
  };
}
