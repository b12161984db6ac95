/** The figures of processes as columns, in a fixed order. */

import type { RecordedProcess } from './moment.ts';

/** The state is the code of its letter. Later versions add at the end. */
const FIGURES = [
  'state',
  'ppid',
  'uid',
  'threads',
  'utimeTicks',
  'stimeTicks',
  'rssBytes',
  'waitNs',
] as const satisfies readonly (keyof RecordedProcess)[];
type Figure = (typeof FIGURES)[number];
/** What the format has of a process beside its figures. */
export interface RecordedFacts extends Omit<RecordedProcess, Figure | 'cgroup'> {
  /** Of its cgroup. */
  readonly path: string;
}

export const PROCESS_SCALES: readonly number[] = FIGURES.map(() => 1);

/** By column, then by process. */
export const processFigures = (list: readonly Pick<RecordedProcess, Figure>[]): readonly Float64Array[] =>
  FIGURES.map((key) => {
    const column = new Float64Array(list.length);
    list.forEach((one, row) => {
      column[row] = key === 'state' ? (one.state.codePointAt(0) ?? Number.NaN) : one[key];
    });
    return column;
  });

export function processFrom(
  { path: cgroup, ...facts }: RecordedFacts,
  figures: readonly Float64Array[],
  row: number,
): RecordedProcess {
  const figure = (key: Figure): number => figures[FIGURES.indexOf(key)]?.[row] ?? Number.NaN;
  const state = figure('state');
  return {
    ...facts,
    cgroup,
    // A letter; anything else would be drawn.
    state: state >= 65 && state <= 122 ? String.fromCharCode(state) : '?',
    ppid: figure('ppid'),
    uid: figure('uid'),
    threads: figure('threads'),
    utimeTicks: figure('utimeTicks'),
    stimeTicks: figure('stimeTicks'),
    rssBytes: figure('rssBytes'),
    waitNs: figure('waitNs'),
  };
}

export const factsOf = ({
  pid,
  innerPid,
  startTime,
  comm,
  command,
  cgroup,
  pidNamespace,
  entered,
  isNestedInit,
  isKernelThread,
}: RecordedProcess): RecordedFacts => ({
  ...{ pid, innerPid, startTime, comm, command, path: cgroup },
  ...(pidNamespace === undefined ? {} : { pidNamespace }),
  ...{ entered, isNestedInit, isKernelThread },
});

const FACTS = [
  'pid',
  'innerPid',
  'startTime',
  'comm',
  'command',
  'cgroup',
  'pidNamespace',
  'entered',
  'isNestedInit',
  'isKernelThread',
] as const satisfies readonly (keyof RecordedProcess)[];

/** A process may exec: it is the same one as long as nothing that is told of it changes. */
const isSame = (one: RecordedProcess, other: RecordedProcess): boolean =>
  FACTS.every((fact) => one[fact] === other[fact]);

/** For each process its place among those before, -1 for a new one. */
export function placesAmong(before: readonly RecordedProcess[], list: readonly RecordedProcess[]): Int32Array {
  const places = new Map<number, number>();
  before.forEach(({ pid }, place) => void places.set(pid, place));
  const found = new Int32Array(list.length);
  list.forEach((one, row) => {
    const place = places.get(one.pid) ?? -1;
    const other = before[place];
    found[row] = other && isSame(one, other) ? place : -1;
  });
  return found;
}
