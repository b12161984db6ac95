/** What was found around a moment of a recording. */

import type { Finding } from '../diagnosis/model.ts';
import type { Recording } from './recording.ts';

/** A look is recorded with the moment after its end: it takes seconds. */
const LONGEST_LOOK_MS = 30_000;

/**
 * The Finding of each workload whose look was nearest to that time, and at most `within` milliseconds from it. Looks of another
 * boot are left out: an inode is another cgroup then.
 */
export function findingsNear(recording: Recording, time: number, within: number): Finding[] {
  const nearest = new Map<number, Finding>();
  const until = time + within + LONGEST_LOOK_MS;
  const from = recording.placeAt(time - within);
  const { boot } = recording.header(recording.placeAt(time)).host;
  for (let at = recording.next(from, 'finding'); at; at = recording.next(at, 'finding')) {
    if (recording.timeOf(at) > until) break;
    if (recording.header(at).host.boot !== boot) continue;
    for (const finding of recording.frame(at)?.moment.findings ?? []) {
      const known = nearest.get(finding.workload.inode);
      const away = awayFrom(finding, time);
      if (away <= within && !(known && awayFrom(known, time) <= away)) nearest.set(finding.workload.inode, finding);
    }
  }
  return [...nearest.values()].sort((a, b) => a.when - b.when);
}

/** 0 where that time was looked at. */
function awayFrom({ when, window }: Finding, time: number): number {
  return Math.max(0, when - time, time - (when + window * 1000));
}
