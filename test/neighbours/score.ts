/** What a run is worth: whether the verdict and the culprit were right, against what was made true. Pure. */

import type { Finding } from '../../src/diagnosis/model.ts';
import type { Case } from './cases.ts';
import { type Accused, RIVALS } from './rivals.ts';

/** What a run is judged by. */
export type Judged = Pick<Run, 'of' | 'culprits' | 'finding' | 'late'>;

export interface Run {
  readonly of: Case;
  readonly seed: number;
  readonly finding: Finding;
  /** What the victim's work cost with the neighbours over what it cost alone. */
  readonly slowdown: number;
  /** Share of the look in which a virtual CPU had work and the host did not run it. */
  readonly late: number;
  /** Path of each culprit. */
  readonly culprits: readonly string[];
  readonly accused: Accused;
  /** Seconds from the question to the answer. */
  readonly seconds: number;
  readonly costPercent: number;
}

export const SLOW = 1.25;
export const NOT_SLOW = 1.1;
/** From this share on what the guest saw is the host's doing; from the second on that its virtual CPUs are late is true. */
export const HOST_BUSY = 0.5;
const HOST_LATE = 0.1;

/** Why a run does not count: it is not what it was made to be. */
export function discarded({ of, slowdown, late }: Run): string | undefined {
  if (late > HOST_BUSY) return 'not valid: host busy';
  if (of.slow === 'yes' && !(slowdown >= SLOW)) return 'not valid: the victim was not slowed';
  if (of.slow === 'no' && !(slowdown <= NOT_SLOW)) return 'not valid: the victim was slowed';
  return undefined;
}

/** Every cause that was made is said, before any that was not. */
export function isVerdictRight({ of: { causes }, finding: { verdicts }, late }: Judged): boolean {
  const said = verdicts.map(({ cause }) => cause).filter((cause) => cause !== 'steal' || late < HOST_LATE);
  const first = said.length > 0 ? said.slice(0, causes.length) : ['fine'];
  return causes.every((any) => any.some((cause) => first.includes(cause)));
}

const firstOfEach = ({ verdicts }: Finding): string[] =>
  verdicts.flatMap(({ suspects: [first] }) => (first ? [keyOf(first.what, first.path)] : []));

const keyOf = (what: string, path: string): string => (what === 'host' || what === 'kernel' ? what : path);

/** undefined where there is no culprit to be found. */
export function isCulpritFirst({ culprits, finding }: Judged): boolean | undefined {
  if (culprits.length === 0) return undefined;
  const named = firstOfEach(finding);
  return named.length > 0 && named.every((path) => culprits.includes(path));
}

/** Somebody is named who did nothing. */
export const isFalse = ({ culprits, finding }: Judged): boolean =>
  finding.verdicts.some(({ suspects }) => suspects.some(({ what, path }) => !culprits.includes(keyOf(what, path))));

/** The cause, the culprit, and nobody else. */
export const isRight = (run: Judged): boolean => isVerdictRight(run) && isCulpritFirst(run) !== false && !isFalse(run);

export const isInnocent = ({ culprits }: Pick<Run, 'culprits'>): boolean => culprits.length === 0;

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

/** `114 runs, 110 counted; not valid: host busy 3, the victim was slowed 1` */
export function countedLine(runs: readonly Run[]): string {
  const reasons = runs.flatMap((run) => discarded(run) ?? []);
  const counts = [...new Set(reasons)].map((reason) => {
    const times = reasons.filter((one) => one === reason).length;
    return `${reason.replace('not valid: ', '')} ${times}`;
  });
  const why = counts.length > 0 ? `; not valid: ${counts.join(', ')}` : '';
  return `${runs.length} runs, ${runs.length - reasons.length} counted${why}`;
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

const said = ({ verdicts }: Finding): string =>
  verdicts
    .map(({ cause, loss, suspects, refusal }) => {
      const names = suspects.map(
        ({ name, blame, confidence }) => `${name} ${blame.toFixed(2)}/${confidence.toFixed(2)}`,
      );
      const lost = Number.isNaN(loss) ? '' : ` ${loss.toFixed(0)}`;
      return `${cause}${lost}${names.length > 0 ? ` (${names.join(', ')})` : refusal ? ` (${refusal})` : ''}`;
    })
    .join('; ');

/** The line of one run; after the marks a + for each rival that was right. */
export function lineOf(run: Run): string {
  const culprit = isCulpritFirst(run);
  const marks = [
    `verdict ${isVerdictRight(run) ? 'right' : 'WRONG'}`,
    culprit === undefined ? (isFalse(run) ? 'FALSE ACCUSATION' : 'nobody') : `culprit ${culprit ? 'right' : 'MISSED'}`,
    ...(culprit !== undefined && isFalse(run) ? ['and another'] : []),
  ];
  return [
    run.of.name.padEnd(18),
    String(run.seed).padStart(3),
    run.finding.source.padEnd(5),
    `${run.slowdown.toFixed(2)} ×`.padStart(8),
    (discarded(run) ?? marks.join(', ')).padEnd(32),
    RIVALS.map((rival) => (isRivalRight(run, rival) ? '+' : '-')).join(''),
    `${run.seconds.toFixed(1)} s`,
    `cost ${run.costPercent.toFixed(0)} %`,
    `late ${(run.late * 100).toFixed(0)} %`,
    said(run.finding),
  ].join('  ');
}
