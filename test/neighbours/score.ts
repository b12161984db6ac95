/** What a run is worth: whether the verdict and the culprit were right, against what was made true. Pure. */
import type { Finding } from '../../src/diagnosis/model.ts';
import type { Case } from './cases.ts';
import { type Accused, RIVALS } from './rivals.ts';

export interface Run {
  readonly of: Case;
  readonly seed: number;
  readonly finding: Finding;
  /** Wall time by operation with the neighbours over that alone. */
  readonly slowdown: number;
  /** The same once they were gone: far from 1 the machine itself was not quiet. */
  readonly drift: number;
  /** Path of each culprit. */
  readonly culprits: readonly string[];
  readonly accused: Accused;
  /** Seconds from the question to the answer. */
  readonly seconds: number;
  readonly costPercent: number;
}

export const SLOW = 1.25;
export const NOT_SLOW = 1.1;
const DRIFT = 1.2;

/** Why a run does not count: it is not what it was made to be. */
export function discarded({ of, slowdown, drift }: Run): string | undefined {
  if (of.slow === 'untold') return undefined;
  if (drift > DRIFT || drift < 1 / DRIFT) return `the machine was not quiet: alone ${drift.toFixed(2)} ×`;
  if (of.slow === 'yes' && slowdown < SLOW) return 'the victim was not slowed';
  if (of.slow === 'no' && slowdown > NOT_SLOW) return 'the victim was slowed';
  return undefined;
}

/** Every cause that was made is said, before any that was not. */
export function isVerdictRight({ of: { causes }, finding: { verdicts } }: Run): boolean {
  const first = verdicts.slice(0, causes.length).map(({ cause }) => cause);
  return causes.every((any) => any.some((cause) => first.includes(cause)));
}

const firstOfEach = ({ verdicts }: Finding): string[] =>
  verdicts.flatMap(({ suspects: [first] }) => (first ? [keyOf(first.what, first.path)] : []));

const keyOf = (what: string, path: string): string => (what === 'host' || what === 'kernel' ? what : path);

/** undefined where there is no culprit to be found. */
export function isCulpritFirst({ culprits, finding }: Run): boolean | undefined {
  if (culprits.length === 0) return undefined;
  const named = firstOfEach(finding);
  return named.length > 0 && named.every((path) => culprits.includes(path));
}

/** Somebody is named who did nothing. */
export const isFalse = ({ culprits, finding }: Run): boolean =>
  finding.verdicts.some(({ suspects }) => suspects.some(({ what, path }) => !culprits.includes(keyOf(what, path))));

export const isInnocent = ({ culprits }: Run): boolean => culprits.length === 0;

/** Right about the culprit, or about there being none. */
export const isRivalRight = ({ culprits, accused }: Run, rival: (typeof RIVALS)[number]): boolean => {
  const named = accused[rival];
  return named === undefined ? culprits.length === 0 : culprits.includes(named);
};

const percent = (part: number, whole: number): string =>
  whole === 0 ? '--' : `${((100 * part) / whole).toFixed(1)} %`;

/** `files: verdict right X %, culprit first X %, false accusations X % (N runs), answered in X s (95th percentile)` */
export function closingLine(source: string, runs: readonly Run[]): string {
  const counted = runs.filter((run) => discarded(run) === undefined);
  const guilty = counted.filter((run) => !isInnocent(run));
  const innocent = counted.filter(isInnocent);
  const times = counted.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const late = times[Math.max(0, Math.ceil(times.length * 0.95) - 1)] ?? Number.NaN;
  return [
    `${source}: verdict right ${percent(counted.filter(isVerdictRight).length, counted.length)}`,
    `culprit first ${percent(guilty.filter((run) => isCulpritFirst(run) === true).length, guilty.length)}`,
    `false accusations ${percent(innocent.filter(isFalse).length, innocent.length)} (${innocent.length} runs)`,
    `answered in ${late.toFixed(1)} s (95th percentile)`,
  ].join(', ');
}

/** What other rules would have got right, of the runs with a culprit and of those without. */
export function rivalLines(runs: readonly Run[]): string[] {
  const counted = runs.filter((run) => discarded(run) === undefined);
  const [guilty, innocent] = [counted.filter((run) => !isInnocent(run)), counted.filter(isInnocent)];
  return RIVALS.map((rival) => {
    const right = guilty.filter((run) => isRivalRight(run, rival)).length;
    const wrong = innocent.filter((run) => !isRivalRight(run, rival)).length;
    return `${rival}: culprit first ${percent(right, guilty.length)}, false accusations ${percent(wrong, innocent.length)}`;
  });
}
