/**
 * How long a cgroup can have waited for a CPU at most, by what the one above it shows.
 *
 * For each CPU the kernel counts for how long a task of a cgroup waited there (S), and for how long the CPU was not idle for the
 * cgroup (N): a task of it ran, waited, or slept for io or memory. The total of a pressure file grows by sum(S * N) / sum(N) over
 * the CPUs (collect_percpu_times in kernel/sched/psi.c). A child that waits for a time w makes S and N of its parent at least w
 * on that CPU, so that w * w <= G * X, where G is what cpu.pressure of the parent grew by, and X = sum(N).
 *
 * X is at most CPUs * elapsed. Where little runs in the parent it is far less: each N is at most the sum of what ran there,
 * waited, and slept for io and memory. By Cauchy and Schwarz sum(S) <= sqrt(CPUs * G * X), and the same holds for io and memory
 * with what those files grew by. With a = sqrt(CPUs) * (sqrt(G) + sqrt(G of io) + sqrt(G of memory)) and R, the time for which
 * tasks of the parent were on a CPU: X <= R + a * sqrt(X), so that sqrt(X) <= (a + sqrt(a * a + 4 * R)) / 2. All of it holds
 * for an interval that the kernel counts in several steps too.
 */

import type { Draft } from './draft.ts';
import { column, FILE_OF_COLUMN, fileMask } from './files.ts';
import { movedRows, unknownRows } from './moved-rows.ts';
import { timeAt, valueAt } from './snapshot.ts';

/** What the files of a cgroup grew by, as shares of the time: 1 is one CPU, or a wait all the time. NaN where it is not known. */
export interface Growth {
  /** `some` of cpu.pressure, io.pressure and memory.pressure. */
  readonly cpuWait: number;
  readonly ioWait: number;
  readonly memoryWait: number;
  /** For how long tasks of it were on a CPU, at most. */
  readonly ran: number;
}

/** The kernel counts N in jiffies, of 10 ms at most, each time that somebody reads the file: that hides so much of a wait. */
const ROUNDED = 0.03;

/** The share of the time for which a child can have waited; NaN where `cpuWait` is. */
export function longestWait(cpus: number, { cpuWait, ioWait, memoryWait, ran }: Growth): number {
  const mostWait = Math.sqrt(cpus) * (Math.sqrt(cpuWait) + Math.sqrt(ioWait) + Math.sqrt(memoryWait));
  const root = (mostWait + Math.sqrt(mostWait * mostWait + 4 * ran)) / 2;
  const bound = root * Math.sqrt(cpuWait) + ROUNDED;
  const most = Math.sqrt(cpus * cpuWait);
  return Number.isNaN(bound) ? most : Math.min(bound, most);
}

export interface WaitBounds {
  /** The rows of the draft are others than before. `from`: by row the row before; -1 for a new one. */
  follow(draft: Draft, from: Int32Array): void;
  /** Begins a tick. */
  begin(): void;
  /** Begins a pass: more is read and proven than in the one before. */
  beginPass(): void;
  /**
   * The share of the time for which the row can have waited since it was known last, by the nearest cgroup above whose cpu.pressure
   * was read in this tick; NaN where that is not known. To be called for parents before their children. `reads`, `proven`: by
   * row, a bit a file.
   */
  of(draft: Draft, row: number, reads: Uint32Array, proven: Uint32Array): number;
  /** Ends a tick. */
  settle(draft: Draft, proven: Uint32Array): void;
}

export interface WaitBoundsOptions {
  /** CPUs of the machine. */
  readonly cpus: number;
  /**
   * Microseconds, as of the beginning of the tick, that the CPUs spent with what is charged to no cgroup though a task of it was on
   * the CPU: interrupts, and what the host gave to others. NaN where it is not known.
   */
  readonly uncharged: () => number;
}

const CPU_STAT = fileMask('cpu.stat');
const CPU_PRESSURE = fileMask('cpu.pressure');
const OTHER_PRESSURE = fileMask('io.pressure') | fileMask('memory.pressure');
const USAGE = column('cpu.stat:usage_usec');
const CPU_WAIT = column('cpu.pressure:some.total');
const IO_WAIT = column('io.pressure:some.total');
const MEMORY_WAIT = column('memory.pressure:some.total');
const OTHERS = [USAGE, IO_WAIT, MEMORY_WAIT];

/** Milliseconds: the figure is that of this time. */
const timeOf = (draft: Draft, figure: number, row: number): number => timeAt(draft, FILE_OF_COLUMN[figure] ?? -1, row);

/** Microseconds of a CPU by which its figures are late: a task is charged, and a stolen time counted, at a clock tick of 10 ms at most. */
const LATE_USEC = 20_000;
/** /proc/stat counts in so many. */
const CLOCK_TICK_USEC = 10_000;

/** Figures of each row as of the time when its cpu.pressure was known last. They may be older: growth is then too large. */
const unknownFigures = (count: number) => ({
  /** Milliseconds. */
  time: unknownRows(count),
  cpuWait: unknownRows(count),
  ioWait: unknownRows(count),
  memoryWait: unknownRows(count),
  usage: unknownRows(count),
  uncharged: unknownRows(count),
  /** Milliseconds by which the youngest of the others is younger. */
  younger: unknownRows(count),
});

export function createWaitBounds({ cpus, uncharged }: WaitBoundsOptions): WaitBounds {
  /** Rows that have children. */
  let parentRows: readonly number[] = [];
  const last = unknownFigures(0);
  /** By row, what `of` told last. */
  let told = unknownRows(0);
  let unchargedNow = Number.NaN;
  /** The parent that was asked last in this pass, and what is known of its children. */
  let parent = -1;
  let ofParent = Number.NaN;

  function belowOf(draft: Draft, row: number, reads: Uint32Array, proven: Uint32Array): number {
    const at = (figure: number): number => valueAt(draft, figure, row);
    const read = timeOf(draft, CPU_WAIT, row);
    const usec = 1000 * (read - (last.time[row] ?? Number.NaN));
    // The root counts what the whole machine did.
    const isTold = row > 0 || draft.rows[row]?.path !== '/';
    const isWhole = ((proven[row] ?? 0) & OTHER_PRESSURE) === OTHER_PRESSURE;
    const isKnown = isTold && isWhole && ((reads[row] ?? 0) & CPU_STAT) !== 0;
    const unread = 1000 * (read - draft.monotonic + (last.younger[row] ?? Number.NaN));
    const ran =
      at(USAGE) -
      (last.usage[row] ?? Number.NaN) +
      (unchargedNow - (last.uncharged[row] ?? Number.NaN)) +
      cpus * (unread + LATE_USEC) +
      CLOCK_TICK_USEC;
    return longestWait(cpus, {
      cpuWait: (at(CPU_WAIT) - (last.cpuWait[row] ?? Number.NaN)) / usec,
      ioWait: (at(IO_WAIT) - (last.ioWait[row] ?? Number.NaN)) / usec,
      memoryWait: (at(MEMORY_WAIT) - (last.memoryWait[row] ?? Number.NaN)) / usec,
      ran: isKnown ? ran / usec : Number.NaN,
    });
  }

  return {
    follow({ parents }, from) {
      for (const key of FIGURES) last[key] = movedRows(last[key], from, unknownRows(from.length));
      told = unknownRows(from.length);
      parentRows = [...new Set(parents)].filter((row) => row >= 0);
      // What is not kept up is not known: a cgroup that gets its first child begins anew.
      const times = unknownRows(from.length);
      for (const row of parentRows) times[row] = last.time[row] ?? Number.NaN;
      last.time = times;
    },
    begin() {
      unchargedNow = uncharged();
    },
    beginPass() {
      parent = -1;
    },
    of(draft, row, reads, proven) {
      const above = draft.parents[row] ?? -1;
      const isRead = ((reads[above] ?? 0) & CPU_PRESSURE) !== 0;
      if (isRead && parent !== above) {
        parent = above;
        ofParent = belowOf(draft, above, reads, proven);
      }
      const share = isRead ? ofParent : (told[above] ?? Number.NaN);
      told[row] = share;
      return share;
    },
    settle(draft, proven) {
      for (const row of parentRows) {
        if (!((proven[row] ?? 0) & CPU_PRESSURE)) continue;
        const time = timeOf(draft, CPU_WAIT, row);
        let younger = 0;
        for (const figure of OTHERS) younger = Math.max(younger, timeOf(draft, figure, row) - time || 0);
        last.time[row] = time;
        last.younger[row] = younger;
        last.cpuWait[row] = valueAt(draft, CPU_WAIT, row);
        last.ioWait[row] = valueAt(draft, IO_WAIT, row);
        last.memoryWait[row] = valueAt(draft, MEMORY_WAIT, row);
        last.usage[row] = valueAt(draft, USAGE, row);
        last.uncharged[row] = unchargedNow;
      }
    },
  };
}

const FIGURES = ['time', 'cpuWait', 'ioWait', 'memoryWait', 'usage', 'uncharged', 'younger'] as const;
