/**
 * What the files of a cgroup prove of those below it. The kernel counts in each cgroup what happens beneath it too, so that a
 * parent can show that nothing moved in a child, and the child need not be read.
 *
 * - `sum` (cpu.stat, memory.events, io.stat): from the figure of the parent subtract what its children had when they were last
 *   read, and what the parent has beside them (`apart`). The rest is the most that unread children can have used since. It
 *   counts from the read of each child, so that errors do not add up over ticks. A parent is read before its children, so that
 *   `apart` is never too large, and once more after those of them that are read, so that the rest is never too small. Where
 *   the parent itself is unread, what it can have used is added: the bound holds at any depth.
 * - `stillness` (pressure): a parent whose total has stood still since before the last read of a child vouches for the child.
 *   Averages fall by themselves: those of the child must be 0, or so low that they hardly fall until its next turn.
 *
 * The pressure of a parent is not the sum of its children's, but it limits what each of them can be (./wait-bounds.ts): where
 * cpu.pressure of the parent hardly grew, no child waited long for a CPU.
 */

import type { Draft } from './draft.ts';
import { CGROUP_FILES, COLUMNS, fileMask, type TieredFile } from './files.ts';
import { movedRows, unknownRows } from './moved-rows.ts';
import { errorAt, matchRows, type SnapshotRow, timeAt, valueAt } from './snapshot.ts';
import { createWaitBounds, type WaitBoundsOptions } from './wait-bounds.ts';

/** How much a cgroup that is not read can have used at most since it was. */
export interface UnreadBounds {
  /** In CPUs, over a tick. */
  readonly cpus: number;
  readonly ioOperations: number;
  /** The share of a turn for which some task of it can have waited for a CPU, as cpu.pressure counts it. */
  readonly cpuWait: number;
  /** The percentage points by which an average of pressure can be less than what was read, as it fell by itself since. */
  readonly average: number;
}

/** A file by which the cgroup vouches for those below it, and what is known of it, by row. */
interface VouchingFile {
  readonly index: number;
  readonly bit: number;
  readonly by: 'sum' | 'stillness';
  readonly bound: (elapsed: number) => number;
  /** Columns whose sum is the figure. */
  readonly figureColumns: readonly number[];
  readonly averages: readonly number[];
  /** Seconds of each of them. */
  readonly windows: readonly number[];
  /** Those over 10 s. */
  readonly shortAverages: readonly number[];
  /** By how many points an average falls in a second at most, where nothing waits; 0 where all of them are 0. */
  fall: Float64Array;
  figure: Float64Array;
  /** Milliseconds: the figure is that of this time. */
  knownAt: Float64Array;
  /** `stillness`: it has been so since this time. */
  stillSince: Float64Array;
  /** `sum`: what the cgroup has beside its children at least, as of a tick in which all of them were read after it. */
  apart: Float64Array;
  /** `sum`: the first figure of this tick; NaN where it was not read. */
  first: Float64Array;
  /** `sum`: the figure beyond `apart` and what is known of the children; NaN where a counter went back. */
  rest: Float64Array;
  /** `sum`: the most that the figure can have grown since it was known. Holds for rows that are proven in this tick. */
  most: Float64Array;
}

export interface Vouching {
  /** Files that can be vouched for, and those of them by sum. */
  readonly files: number;
  readonly sums: number;
  /** Begins a tick over these rows. */
  begin(draft: Draft): void;
  /** A row's file was read into the draft. Tells whether something goes on: another figure, an average of the last seconds. */
  note(draft: Draft, row: number, file: number): boolean;
  /** Compares the sums that were read first with those of the children; to be called after each pass. */
  compare(reads: Uint32Array): void;
  /** Files by which this row can vouch for those below it. */
  canVouch(row: number): number;
  /** Pressure files of which some average was not 0 when they were read last. */
  falling(row: number): number;
  /** Milliseconds in which none of those averages falls by more than the bound; Infinity where all are 0. */
  fallMs(row: number): number;
  /** Pressure files with averages of 0 that have stood still since that time at the latest, as those of the parent have. */
  resting(row: number, since: number): number;
  /**
   * cpu.pressure of the row, which was not read, where a cgroup above shows that it can have waited unseen for at most `mostWait` of
   * the time since, as a share. To be called for parents before their children.
   */
  bounded(draft: Draft, row: number, of: { reads: Uint32Array; proven: Uint32Array; mostWait: number }): number;
  /**
   * By row, the share of a tick for which it can have waited unseen, as `bounded` found it last; 0 where it did not bound it.
   */
  unseenWait(): Float64Array;
  /**
   * Of these files of the row, which were not read, those that its parent proves. `proven`: what is proven, by row.
   * `isExact`: the bounds are 0.
   */
  proves(row: number, files: number, proven: Uint32Array, reads: Uint32Array, isExact: boolean): number;
  /** Ends a tick: what was proven is known as of the parent's read. */
  settle(draft: Draft, proven: Uint32Array, reads: Uint32Array): void;
}

export interface VouchingOptions extends WaitBoundsOptions {
  /** CGROUP_FILES as the mount has them. */
  readonly files: readonly TieredFile[];
  readonly bounds: UnreadBounds;
  /** Each row has its turn once in so many milliseconds. */
  readonly turnMs: number;
}

/** Milliseconds: the bound of a longer tick is that of this one. */
const LONGEST_MS = 1000;

const EVENTS = CGROUP_FILES.findIndex(({ file }) => file === 'cgroup.events');
const CPU_PRESSURE = fileMask('cpu.pressure');

function vouchingFiles(files: readonly TieredFile[], { cpus, ioOperations }: UnreadBounds): VouchingFile[] {
  const bounds: Readonly<Record<string, VouchingFile['bound']>> = {
    // What was used in a long tick may show in the shorter one after it, whose bound is smaller.
    'cpu.stat': (elapsed) => cpus * Math.min(elapsed, LONGEST_MS) * 1000,
    'io.stat': () => ioOperations,
  };
  return files.flatMap(({ file, keys, vouching }, index): VouchingFile[] => {
    if (!vouching) return [];
    const averages = keys.filter((key) => key.includes('.avg'));
    const columnsOf = (keys: readonly string[]) => keys.map((key) => COLUMNS.get(`${file}:${key}`) ?? 0);
    return [
      {
        index,
        bit: 1 << index,
        by: vouching.by,
        bound: bounds[file] ?? (() => 0),
        figureColumns: columnsOf(vouching.keys),
        averages: columnsOf(averages),
        windows: averages.map((key) => Number(key.replace(/.*\.avg/, ''))),
        shortAverages: columnsOf(keys.filter((key) => key.endsWith('.avg10'))),
        fall: new Float64Array(),
        ...{ figure: unknownRows(0), knownAt: unknownRows(0), stillSince: unknownRows(0) },
        ...{ apart: unknownRows(0), first: unknownRows(0), rest: unknownRows(0), most: unknownRows(0) },
      },
    ];
  });
}

/** By how many points the averages fall in a second at most, where nothing waits: an average over N s falls by 1/N of itself. */
function steepestFall(draft: Draft, { averages, windows }: VouchingFile, row: number): number {
  let steepest = 0;
  for (let place = 0; place < averages.length; place++)
    steepest = Math.max(steepest, valueAt(draft, averages[place] ?? 0, row) / (windows[place] ?? 1) || 0);
  return steepest;
}

function isAnyAbove0(draft: Draft, columns: readonly number[], row: number): boolean {
  for (let place = 0; place < columns.length; place++) if (valueAt(draft, columns[place] ?? 0, row) > 0) return true;
  return false;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createVouching({ files: allFiles, bounds, turnMs, ...machine }: VouchingOptions): Vouching {
  const files = vouchingFiles(allFiles, bounds);
  const waits = createWaitBounds(machine);
  const byIndex = new Map(files.map((file) => [file.index, file]));
  const maskOf = (chosen: readonly VouchingFile[]): number => chosen.reduce((mask, { bit }) => mask | bit, 0);
  const summed = files.filter(({ by }) => by === 'sum');
  const sums = maskOf(summed);
  const stills = files.filter(({ by }) => by === 'stillness');
  const cpuPressure = stills.find(({ bit }) => bit === CPU_PRESSURE);
  /** Whether an average falls by more than the bound in a turn. */
  const isFast = ({ fall }: VouchingFile, row: number): boolean => ((fall[row] ?? 0) * turnMs) / 1000 > bounds.average;

  let rows: readonly SnapshotRow[] = [];
  let parents: Int32Array = new Int32Array();
  /** By row, a bit a file: the last read had no error. */
  let known = new Uint32Array();
  /** By row, a bit a file: the sum was compared with that of the children in this tick. */
  let compared = new Uint32Array();
  let sumBelow = new Float64Array();
  /** By row: 1 where a child was not read. */
  let isOpen = new Uint8Array();
  /** The first row is the machine's root, which alone has no cgroup.events: its cpu.stat and io.stat are no sums. */
  let hasMachine = false;
  /** By row, the share of a tick for which it can have waited unseen; 0 where nothing bounds that. */
  let unseenWait = new Float64Array();
  let elapsed = Number.NaN;
  let started = Number.NaN;

  function follow(draft: Draft): void {
    const { rows: now, parents: nowParents } = draft;
    const from = matchRows(now, rows);
    for (const file of files) {
      // What a cgroup that is gone had used stays with its parent.
      const isHere = new Uint8Array(rows.length);
      for (const row of from) if (row >= 0) isHere[row] = 1;
      for (let row = 0; row < rows.length; row++) {
        const parent = parents[row] ?? -1;
        if (isHere[row] || parent < 0) continue;
        file.apart[parent] = (file.apart[parent] ?? Number.NaN) + (file.figure[row] || 0);
      }
      for (const key of ['figure', 'knownAt', 'stillSince', 'apart', 'rest'] as const)
        file[key] = movedRows(file[key], from, unknownRows(now.length));
      for (const key of ['first', 'most'] as const) file[key] = unknownRows(now.length);
      file.fall = movedRows(file.fall, from, new Float64Array(now.length));
    }
    known = movedRows(known, from, new Uint32Array(now.length));
    compared = new Uint32Array(now.length);
    sumBelow = new Float64Array(now.length);
    isOpen = new Uint8Array(now.length);
    unseenWait = movedRows(unseenWait, from, new Float64Array(now.length));
    waits.follow(draft, from);
    rows = now;
    parents = nowParents;
  }

  /** Adds up the children of each row, as they are known. */
  function addUp({ figure, bit }: VouchingFile, reads: Uint32Array): void {
    sumBelow.fill(0);
    isOpen.fill(0);
    for (let row = 0; row < rows.length; row++) {
      const parent = parents[row] ?? -1;
      if (parent < 0 || !((known[row] ?? 0) & bit)) continue;
      sumBelow[parent] = (sumBelow[parent] ?? 0) + (figure[row] || 0);
      if (!((reads[row] ?? 0) & bit)) isOpen[parent] = 1;
    }
  }

  /** After `addUp`. */
  const restOf = ({ figure, apart }: VouchingFile, row: number): number =>
    (figure[row] ?? Number.NaN) - (sumBelow[row] ?? 0) - (apart[row] ?? Number.NaN);

  /** Whether the row, and what its own children may hide, is within the bound, as its parent has it. */
  function isWithin(
    { rest, most, bit }: VouchingFile,
    row: number,
    parent: number,
    reads: Uint32Array,
    bound: number,
  ): boolean {
    const ofParent = (reads[parent] ?? 0) & bit ? 0 : (most[parent] ?? Number.NaN);
    most[row] = ofParent + (rest[parent] ?? Number.NaN);
    return (most[row] ?? Number.NaN) + Math.max(0, rest[row] ?? Number.NaN) <= bound;
  }

  const canVouch = (row: number): number => (known[row] ?? 0) & (hasMachine && row === 0 ? ~sums : ~0);

  return {
    files: maskOf(files),
    sums,
    begin(draft) {
      if (draft.rows !== rows) follow(draft);
      waits.begin();
      elapsed = draft.monotonic - started;
      started = draft.monotonic;
      hasMachine = rows[0]?.path === '/' && errorAt(draft, EVENTS, 0) !== 0;
      compared.fill(0);
      for (const { first } of summed) first.fill(Number.NaN);
    },
    note(draft, row, index) {
      const file = byIndex.get(index);
      if (!file) return false;
      if (errorAt(draft, index, row) !== 0) {
        known[row] = (known[row] ?? 0) & ~file.bit;
        // The next figure counts as another one even if it is equal: what happened in between was not counted.
        file.figure[row] = Number.NaN;
        return false;
      }
      known[row] = (known[row] ?? 0) | file.bit;
      let figure = 0;
      // No iterator and no closure: this is done for each file that is read.
      for (let place = 0; place < file.figureColumns.length; place++)
        figure += valueAt(draft, file.figureColumns[place] ?? 0, row);
      const isOther = file.figure[row] !== figure;
      const time = timeAt(draft, index, row);
      if (isOther) file.stillSince[row] = time;
      if (Number.isNaN(file.first[row] ?? Number.NaN)) file.first[row] = figure;
      file.knownAt[row] = time;
      file.figure[row] = figure;
      file.fall[row] = steepestFall(draft, file, row);
      return isOther || isAnyAbove0(draft, file.shortAverages, row);
    },
    compare(reads) {
      waits.beginPass();
      for (const file of summed) {
        addUp(file, reads);
        for (let row = 0; row < rows.length; row++) {
          if (!isOpen[row] || !((reads[row] ?? 0) & ~(compared[row] ?? 0) & file.bit)) continue;
          compared[row] = (compared[row] ?? 0) | file.bit;
          // A counter went back.
          if (restOf(file, row) < 0) file.apart[row] = Number.NaN;
          file.rest[row] = restOf(file, row);
        }
      }
    },
    canVouch,
    falling: (row) => stills.reduce((mask, { fall, bit }) => (fall[row] ? mask | bit : mask), 0),
    fallMs(row) {
      let steepest = 0;
      for (const { fall } of stills) steepest = Math.max(steepest, fall[row] ?? 0);
      return steepest === 0 ? Number.POSITIVE_INFINITY : (1000 * bounds.average) / steepest;
    },
    resting(row, since) {
      const parent = parents[row] ?? -1;
      let resting = 0;
      for (const { bit, stillSince, fall } of stills) {
        if (fall[row] || !((known[row] ?? 0) & bit)) continue;
        if ((stillSince[row] ?? Number.NaN) <= since && (stillSince[parent] ?? Number.NaN) <= since) resting |= bit;
      }
      return resting;
    },
    bounded(draft, row, { reads, proven, mostWait }) {
      // NaN where it is not known. Nothing waits for more than all of the time.
      const unseen = Math.min(1, waits.of(draft, row, reads, proven));
      const isAtRest =
        cpuPressure !== undefined && ((known[row] ?? 0) & CPU_PRESSURE) !== 0 && !isFast(cpuPressure, row);
      const isBounded = isAtRest && bounds.cpuWait > 0 && unseen <= mostWait;
      unseenWait[row] = isBounded ? unseen : 0;
      return isBounded ? CPU_PRESSURE : 0;
    },
    unseenWait: () => unseenWait,
    proves(row, wanted, proven, reads, isExact) {
      const parent = parents[row] ?? -1;
      if (parent < 0) return 0;
      let proves = 0;
      const candidates = wanted & (known[row] ?? 0) & (proven[parent] ?? 0) & canVouch(parent);
      for (const file of files) {
        if (!(candidates & file.bit)) continue;
        const isProven =
          file.by === 'sum'
            ? isWithin(file, row, parent, reads, isExact ? 0 : file.bound(elapsed))
            : !(isExact ? file.fall[row] : isFast(file, row)) &&
              (file.stillSince[parent] ?? Number.NaN) <= (file.knownAt[row] ?? Number.NaN);
        if (isProven) proves |= file.bit;
      }
      return proves;
    },
    settle(draft, proven, reads) {
      for (const { index, bit, knownAt } of files) {
        let times: Float64Array | undefined;
        for (let row = 0; row < rows.length; row++) {
          if (!((proven[row] ?? 0) & ~(reads[row] ?? 0) & bit)) continue;
          const time = knownAt[parents[row] ?? -1] ?? Number.NaN;
          knownAt[row] = time;
          times ??= draft.ownTimes(index);
          if (times) times[row] = time;
        }
      }
      for (const file of summed) {
        addUp(file, reads);
        for (let row = 0; row < rows.length; row++) {
          const apart = (file.first[row] ?? Number.NaN) - (sumBelow[row] ?? 0);
          const isMore = !((file.apart[row] ?? Number.NaN) >= apart);
          if (!isOpen[row] && isMore && !Number.isNaN(apart)) file.apart[row] = apart;
          file.rest[row] = restOf(file, row);
        }
      }
      waits.settle(draft, proven);
    },
  };
}
