/** The last findings, each with its time: what happened while nobody looked. */

import { type Finding, wordOf } from './model.ts';
import { THRESHOLDS } from './thresholds.ts';
import { evidenceFigureText, REFUSAL_WORDS } from './words.ts';

export interface FindingLog {
  /** Keeps those that say what holds a workload up. */
  add(findings: readonly Finding[]): void;
  /** Oldest first. */
  all(): readonly Finding[];
  /** The newest one about the cgroup with this inode. */
  lastOf(inode: number): Finding | undefined;
}

const KEPT = 200;

/** Whether it says what holds the workload up. */
export const isTrouble = ({ verdicts: [first] }: Finding): boolean =>
  first !== undefined && first.cause !== 'fine' && first.cause !== 'unknown';

export function createFindingLog(): FindingLog {
  let ring: readonly Finding[] = [];
  return {
    add: (findings) => {
      const news = findings.filter(isTrouble);
      if (news.length > 0) ring = [...ring, ...news].slice(-KEPT);
    },
    all: () => ring,
    lastOf: (inode) => ring.findLast(({ workload }) => workload.inode === inode),
  };
}

/** A Finding in one line, without its time and its workload: `cpu wait 312 ms/s, because of batch (92 %)`. */
export function findingLine({ verdicts }: Finding): string {
  return verdicts
    .map(({ cause, loss, suspects, refusal }) => {
      const lost = Number.isNaN(loss) ? '' : ` ${evidenceFigureText(loss, 'ms_per_second')}`;
      const names = suspects.map(
        ({ name, blame, confidence }) =>
          `${confidence >= THRESHOLDS.likely ? '' : 'possibly '}${name} (${Math.round(blame * 100)} %)`,
      );
      const because = names.length > 0 ? `, because of ${names.join(' and ')}` : '';
      return `${wordOf(cause)}${lost}${because || (refusal ? `, nobody is named: ${REFUSAL_WORDS[refusal]}` : '')}`;
    })
    .join('; ');
}
