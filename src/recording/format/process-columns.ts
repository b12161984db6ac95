/** The figures of processes as columns, in a fixed order. */
import type { RecordedProcess } from './moment.ts';

type Figures = Pick<
  RecordedProcess,
  'state' | 'ppid' | 'uid' | 'threads' | 'utimeTicks' | 'stimeTicks' | 'rssBytes' | 'waitNs'
>;
export type RecordedFacts = Omit<RecordedProcess, keyof Figures>;

/** Later versions add at the end. */
const COLUMNS: readonly ((process: Figures) => number)[] = [
  ({ state }) => state.codePointAt(0) ?? Number.NaN,
  ({ ppid }) => ppid,
  ({ uid }) => uid,
  ({ threads }) => threads,
  ({ utimeTicks }) => utimeTicks,
  ({ stimeTicks }) => stimeTicks,
  ({ rssBytes }) => rssBytes,
  ({ waitNs }) => waitNs,
];

export const PROCESS_SCALES: readonly number[] = COLUMNS.map(() => 1);

/** By column, then by process. */
export const processFigures = (list: readonly Figures[]): readonly Float64Array[] =>
  COLUMNS.map((of) => Float64Array.from(list, of));

export function processFrom(facts: RecordedFacts, figures: readonly Float64Array[], row: number): RecordedProcess {
  const at = (column: number): number => figures[column]?.[row] ?? Number.NaN;
  const state = at(0);
  const { pid, innerPid, startTime, comm, command, path, pidNamespace, entered, isNestedInit, isKernelThread } = facts;
  return {
    ...{ pid, innerPid, startTime, comm, command, path, entered, isNestedInit, isKernelThread },
    ...(pidNamespace !== undefined && { pidNamespace }),
    // A letter; anything else would be drawn.
    state: state >= 65 && state <= 122 ? String.fromCharCode(state) : '?',
    ppid: at(1),
    uid: at(2),
    threads: at(3),
    utimeTicks: at(4),
    stimeTicks: at(5),
    rssBytes: at(6),
    waitNs: at(7),
  };
}

export const factsOf = ({
  pid,
  innerPid,
  startTime,
  comm,
  command,
  path,
  pidNamespace,
  entered,
  isNestedInit,
  isKernelThread,
}: RecordedProcess): RecordedFacts => ({
  ...{ pid, innerPid, startTime, comm, command, path },
  ...(pidNamespace === undefined ? {} : { pidNamespace }),
  ...{ entered, isNestedInit, isKernelThread },
});

/** A process may exec: it is the same one as long as nothing that is told of it changes. */
export const factsKey = (facts: RecordedFacts): string => JSON.stringify(facts);
