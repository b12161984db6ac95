/** Takes a moment every interval and appends it: what `tscg record` does. */

import { release } from 'node:os';
import { join } from 'node:path';
import type { AlertWatch } from '../diagnosis/alerts/watch.ts';
import type { Finding } from '../diagnosis/model.ts';
import { isListed } from '../inventory/workload.ts';
import { fileStamp } from '../kernel/file-stamp.ts';
import { readText } from '../kernel/if-there.ts';
import { machineName } from '../kernel/machine-name.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import type { Change, Journal } from '../limits/applying/journal.ts';
import { processFilesBudget } from '../metrics/descriptor-budget.ts';
import { createEventLog, type LogEvent } from '../metrics/events.ts';
import { madeFrom } from '../metrics/made-from.ts';
import { matchRows, type SnapshotRow } from '../metrics/snapshot.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { ownHeader } from './format/encode.ts';
import type { Moment, RecordedProcesses, RecordingHeader } from './format/moment.ts';
import { createProcessRecorder } from './processes.ts';
import type { RecordingStore, StoreNews } from './store.ts';

export interface RecorderOptions {
  readonly source: Source;
  readonly store: RecordingStore;
  readonly journal: Pick<Journal, 'path' | 'read'>;
  readonly mount: string;
  readonly proc: string;
  /** Milliseconds between two moments. */
  readonly interval: number;
  /** Looks that begin by themselves; none: there are no findings. */
  readonly looks?: RecordedLooks | undefined;
  /** Told of each Frame; what happened is recorded with it. */
  readonly alerts?: Pick<AlertWatch, 'after' | 'networkOf'> | undefined;
  readonly onNews: (news: StoreNews) => void;
  /** Is told what did not succeed, and why. */
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Looks at what suffers, while moments are taken. */
export interface RecordedLooks {
  /** Begins a look where one is due; resolves when it is over. */
  afterFrame(frame: Frame): Promise<void>;
  /** What was found, and what was put off, since the call before. */
  take(): { readonly findings: readonly Finding[]; readonly events: readonly LogEvent[] };
}

/** Processes cost more than all cgroups: they are read once in so many milliseconds. */
const PROCESSES_MS = 5000;

/** Takes moments until the signal aborts. One that fails is told, and costs no other. */
export async function runRecorder(options: RecorderOptions): Promise<void> {
  const { store, interval, signal, onNews, onTrouble } = options;
  const take = createMomentTaker(options);
  let due = performance.now();
  let timer: NodeJS.Timeout | undefined;
  /** Ends the wait for the next moment. One listener serves all waits: each of its own would cost as much as a small moment. */
  let wake = (): void => undefined;
  signal.addEventListener('abort', () => wake(), { once: true });
  while (!signal.aborted) {
    try {
      onNews(store.add(await take()));
    } catch (error) {
      onTrouble('a moment is missing', error);
    }
    // In step with the clock; what is late is left out.
    due = Math.max(due + interval, performance.now());
    if (signal.aborted) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, due - performance.now());
    });
  }
  clearTimeout(timer);
}

export type MomentOptions = Pick<
  RecorderOptions,
  'source' | 'journal' | 'mount' | 'proc' | 'looks' | 'alerts' | 'onTrouble'
>;

export function createMomentTaker({
  source,
  journal,
  mount,
  proc,
  looks,
  alerts,
  onTrouble,
}: MomentOptions): () => Promise<Moment> {
  const processRecorder = createProcessRecorder({
    ...{ proc, mount, readFiles: createReadFiles() },
    readOften: createReadFiles(processFilesBudget(proc)),
  });
  const events = createEventLog();
  const changesSince = createJournalReader({ journal, onTrouble });
  const busiestOf = createBusiest();
  let processes: RecordedProcesses | undefined;
  let processesBefore: RecordedProcesses | undefined;
  let demand: Parameters<Source['next']>[0];
  return async () => {
    const frame = await source.next(demand);
    demand = { visible: busiestOf(frame), network: new Set(alerts?.networkOf(frame.workloads)) };
    const { monotonic } = frame.usage.snapshot;
    if (!processes || monotonic - processes.time >= PROCESSES_MS) {
      processesBefore = processes;
      processes = await processRecorder.read(frame.usage.snapshot);
    }
    looks?.afterFrame(frame).catch((error: unknown) => onTrouble('a look failed', error));
    const { findings = [], events: putOff = [] } = looks?.take() ?? {};
    return momentOf(frame, {
      ...{ processes, processesBefore, findings, changes: changesSince() },
      events: [...events.push(frame), ...putOff, ...(alerts?.after(frame) ?? [])],
    });
  };
}

/** Rows whose costly files are read for each moment; those of the others have their turn. */
const MOST_BUSY = 32;

/** A row that is among them gives way to one that is so many times as busy: of many that are alike the same ones stay. */
const STAYING = 2;

/** Their sum tells how busy a row is beside others. It has no unit. */
const BUSY_COLUMNS = ['cpu_percent', 'psi_memory_some_percent', 'psi_io_some_percent'];

/**
 * Gives the inodes of the busiest rows of each Frame; the same set where they are those of before. A row that takes turns with
 * others, busy in one second and idle in the next, counts by its mean: to begin with a row costs more than to go on with it.
 */
function createBusiest(): (frame: Frame) => ReadonlySet<number> {
  let rows: readonly SnapshotRow[] = [];
  /** By row: half of it is of this interval, a quarter of the one before, and so on. */
  let means = new Float64Array();
  let busiest: ReadonlySet<number> = new Set();
  const listedOf = madeFrom<Uint8Array>();
  return ({ usage, workloads }) => {
    const columns = BUSY_COLUMNS.map((id) => usage.column(id));
    const from = matchRows(usage.snapshot.rows, rows);
    const listed = listedOf([workloads], () => Uint8Array.from(workloads, (workload) => Number(isListed(workload))));
    const now = new Float64Array(from.length);
    const ranks = new Float64Array(from.length);
    ({ rows } = usage.snapshot);
    // No closure and no array of rows: this is done for each moment.
    for (let row = 0; row < from.length; row++) {
      let sum = 0;
      for (const values of columns) sum += values[row] || 0;
      const mean = (sum + (means[from[row] ?? -1] ?? sum)) / 2;
      now[row] = mean;
      ranks[row] = !listed[row] ? -1 : busiest.has(rows[row]?.inode ?? -1) ? STAYING * mean : mean;
    }
    means = now;
    const chosen = highest(ranks, MOST_BUSY).flatMap((row) => (listed[row] ? (rows[row]?.inode ?? []) : []));
    const isSame = chosen.length === busiest.size && chosen.every((inode) => busiest.has(inode));
    if (!isSame) busiest = new Set(chosen);
    return busiest;
  };
}

/** Places of the highest figures, so many of them; of those that are alike the first ones. */
function highest(figures: Float64Array, count: number): number[] {
  const least = figures.toSorted().at(-count) ?? Number.NEGATIVE_INFINITY;
  let left = count - figures.reduce((above, figure) => above + Number(figure > least), 0);
  return [...figures.keys()].filter((place) => {
    const figure = figures[place] ?? Number.NaN;
    return figure > least || (figure === least && left-- > 0);
  });
}

const momentOf = (
  { usage, workloads, hidden = 0, cost }: Frame,
  beside: Omit<Moment, 'snapshot' | 'workloads' | 'hidden' | 'cost'>,
): Moment => ({ snapshot: usage.snapshot, workloads, hidden, cost, ...beside });

/** Changes that were begun or ended since the call before; the file is read where it is another one than before. */
function createJournalReader({
  journal,
  onTrouble,
}: Pick<RecorderOptions, 'journal' | 'onTrouble'>): () => readonly Change[] {
  let seen = fileStamp(journal.path);
  let known = new Map<string, Change['outcome']>();
  try {
    known = new Map(journal.read().changes.map(({ id, outcome }) => [id, outcome]));
  } catch {
    // A journal that cannot be read tells of no change.
  }
  return () => {
    const stamp = fileStamp(journal.path);
    if (stamp === seen) return [];
    seen = stamp;
    try {
      const { changes } = journal.read();
      const news = changes.filter(({ id, outcome }) => !known.has(id) || known.get(id) !== outcome);
      for (const { id, outcome } of news) known.set(id, outcome);
      return news;
    } catch (error) {
      onTrouble('what was changed is not recorded', error);
      return [];
    }
  };
}

/** The header of a recording of this machine. */
export function headerOfMachine(proc: string, program: string, interval: number): RecordingHeader {
  return ownHeader({
    program,
    host: { name: machineName(), kernel: release(), boot: readText(join(proc, 'sys/kernel/random/boot_id')).trim() },
    interval,
    started: Date.now(),
    redacted: false,
  });
}
