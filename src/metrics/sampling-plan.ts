/**
 * Which files a tick reads: those that can have changed. A cgroup that its parent proves to stand still (./vouching.ts) is not
 * read. The proof goes from the top down, so that a quiet subtree costs the read of its topmost cgroup. A file that the
 * collector watches (cgroup.events) is read when the kernel tells of a change.
 *
 * A file that a parent could vouch for and does not is read in the same tick. That holds for pressure too: a task that hangs in
 * a wait does not run, so that nothing but its pressure tells of it. Where a cgroup above shows that nobody below it can have
 * waited long for a CPU, cpu.pressure is read in turn: the shorter that wait can have been, the longer a turn lasts. For a row
 * that is shown the bounds are 0.
 *
 * A file that no parent can vouch for (memory.current) is read in each tick where the cgroup moved lately, or where the same
 * file of the parent changed. The other cgroups are read in turn, as what one child gained another may have lost. Where the
 * bounds are 0 none waits for its turn: each figure is then that of a tick that reads everything.
 *
 * A file that is not there is looked for in turn. Those of a controller are there in all children of a cgroup or in none
 * (cgroup.subtree_control), threaded ones aside: where the first child lacks them too, one file of each controller is looked
 * for, at first and then once in a minute, or less often where rows are very many.
 */

import { constants } from 'node:os';
import type { Draft } from './draft.ts';
import { CGROUP_FILES, column, fileMask, tierMask } from './files.ts';
import { movedRows, unknownRows } from './moved-rows.ts';
import { type Pass, passOf } from './pass.ts';
import { createRound } from './round.ts';
import { errorAt, firstChildren, matchRows, rowByInode, type SnapshotRow, valueAt } from './snapshot.ts';
import { createVouching, type UnreadBounds, type VouchingOptions } from './vouching.ts';

export const UNREAD_BOUNDS: UnreadBounds = { cpus: 0.005, ioOperations: 1, cpuWait: 0.5, average: 0.1 };

export interface TickRequest {
  /** Every cgroup to sample, parents before children. */
  readonly rows: readonly SnapshotRow[];
  /**
   * Inodes of rows whose hot figures are exact in this tick, and whose warm files and network are read. Undefined: all of
   * them, and each hot file is read. In the first tick an empty set means that nothing is shown yet: the warm files and limits are
   * then read in the second.
   */
  readonly visible?: ReadonlySet<number>;
  /** Inodes of other rows for which the bounds are 0 too: nothing runs there unseen. */
  readonly exact?: ReadonlySet<number>;
  /** Inodes whose network is read in this tick though they are not visible. */
  readonly network?: ReadonlySet<number>;
  /** Inodes whose limits were just written by somebody; `all` where that is not known. */
  readonly touched?: ReadonlySet<number> | 'all';
}

export interface SamplingPlan {
  /** Begins a tick. */
  first(draft: Draft, request: TickRequest): Pass;
  /** A row's file was read into the draft; `isOther`: it was another before. */
  note(draft: Draft, row: number, file: number, isOther: boolean): void;
  /** These files of the row are watched from now on: there is no need to read them until `told`. */
  watch(row: number, files: number): void;
  told(row: number): void;
  /** What must be read as well, now that all of the pass before is noted. Where that is nothing, the tick is done. */
  next(draft: Draft): Pass | undefined;
}

const HOT = tierMask('hot');
const WARM = tierMask('warm');
const LIMIT = tierMask('limit');
const CGROUP_STAT = fileMask('cgroup.stat');
const CPU_STAT = fileMask('cpu.stat');
const POLLED = CGROUP_FILES.reduce((mask, { polled }, index) => (polled ? mask | (1 << index) : mask), 0);
/** Files of a controller: those of the core are there without one. */
const CONTROLLED = CGROUP_FILES.reduce(
  (mask, { file }, index) => (/^cgroup\.|\.pressure$|^cpu\.stat$/.test(file) ? mask : mask | (1 << index)),
  0,
);
/** Of each file the first one of its controller, which is looked for in its stead. */
const LEADERS: readonly number[] = CGROUP_FILES.map(({ file }, index) => {
  const controller = file.slice(0, file.indexOf('.') + 1);
  const leader = CGROUP_FILES.findIndex((spec, at) => (CONTROLLED >>> at) & 1 && spec.file.startsWith(controller));
  return leader < 0 ? index : leader;
});
const LEADING = LEADERS.reduce((mask, leader) => mask | (1 << leader), 0);
const CPU_QUOTA = column('cpu.max:quota');
const { ENOENT, EOPNOTSUPP } = constants.errno;

/**
 * A cgroup that moved is read as a whole for so many milliseconds: a period of cpu.max, which is counted at its end, lasts at
 * most 1 s, and the kernel begins an average 2 s after the wait. Its pressure files are left to its parent once they have stood
 * still for as long: most of what runs waits for the CPU alone.
 */
const QUIET_MS = 5000;
/** Milliseconds from the turn of a row to that of the next, of warm files and limits: where rows are many, turns are rare. */
const SLOW_MS = 10;
/** A file that other children lack too is looked for once in so many milliseconds; where rows are many, in so many for each row. */
const MISSING_MS = 60_000;
const MISSING_ROW_MS = 50;
/** Whatever a cgroup above shows, pressure that is not 0 is read once in so many milliseconds, and cpu.pressure in any case. */
const LONGEST_WAIT_TURN_MS = 60_000;
/**
 * Where a cgroup above waited for longer than the bound, cpu.pressure of all below it is read in the same tick, but no more than
 * one file in so many milliseconds. Each of ten thousand rows is then read once in 5 s, which is the most that it can have waited.
 */
const WAIT_ROW_MS = 0.5;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createSamplingPlan(options: VouchingOptions): SamplingPlan {
  const { bounds, turnMs } = options;
  const isExact = bounds.cpus === 0 && bounds.ioOperations === 0 && bounds.cpuWait === 0;
  const vouching = createVouching(options);
  /** What nothing vouches for. */
  const unvouched = HOT & ~POLLED & ~vouching.files;

  let rows: readonly SnapshotRow[] = [];
  let parents: Int32Array = new Int32Array();
  /** Of each row's parent; -1 without one. */
  let firstChild: Int32Array = new Int32Array();
  /** By row: milliseconds of the last read that found another figure; NaN where it was never read. */
  let movedAt = new Float64Array();
  /** By row, a bit a file. */
  let watched = new Uint32Array();
  /** By row, a bit a file, of this tick: read; read or proven; to be read in the next pass. */
  let reads = new Uint32Array();
  let proven = new Uint32Array();
  let ask = new Uint32Array();
  /** By row, a bit a file: a cgroup above is read in the next pass, and may then vouch for it. */
  let open = new Uint32Array();
  /** Of `unvouched`: read in this tick, and another than before. */
  let changed = new Uint32Array();
  /** By row, a bit a file: to be read in the next pass, after `ask`. */
  let later = new Uint32Array();
  /** By row, a bit a file: the row is new, and is spared the file if the first child of its parent lacks it. */
  let spared = new Uint32Array();
  /** By row, a bit a file: the next pass reads it of some of the row's children, and does not read it of others. */
  let inSome = new Uint32Array();
  let inOthers = new Uint32Array();
  /** By row: 1 where its figures are to be exact in this tick. */
  let shown = new Uint8Array();
  /** By row: 1 where the bounds are 0. */
  let exact = new Uint8Array();
  /** By row: 0 where its warm files and limits were never asked for. */
  let whole = new Uint8Array();
  /** By row: 1 where somebody wrote its limits. */
  let written = new Uint8Array();
  /** The row of the root; -1 where it is not in view. */
  let root = -1;
  /** Milliseconds at which the tick before began. */
  let before = Number.NaN;
  const turns = createRound();
  const waitTurns = createRound();
  /** By row: milliseconds of a turn of `waitTurns`. */
  let waitMs = new Float64Array();
  /** Of pressure whose averages fall by themselves. A turn ends with the first tick in which one can have fallen by its bound. */
  const fallTurns = createRound();
  let fallMs = new Float64Array();
  /** The largest share of the time for which a row may have waited unseen without being read in the same tick. */
  let mostWait = 0;
  const slowTurns = createRound();
  const missingTurns = createRound();

  function follow(draft: Draft): void {
    if (draft.rows !== rows) {
      const from = matchRows(draft.rows, rows);
      movedAt = movedRows(movedAt, from, unknownRows(from.length));
      watched = movedRows(watched, from, new Uint32Array(from.length));
      whole = movedRows(whole, from, new Uint8Array(from.length));
      ({ rows, parents } = draft);
      firstChild = firstChildren(parents);
      for (const round of [turns, waitTurns, fallTurns, slowTurns, missingTurns]) round.follow(from);
      root = rows.findIndex(({ path }) => path === '/');
      const masks = (): Uint32Array<ArrayBuffer> => new Uint32Array(rows.length);
      [reads, proven, ask, open, changed] = [masks(), masks(), masks(), masks(), masks()];
      [later, spared, inSome, inOthers] = [masks(), masks(), masks(), masks()];
      const marks = (): Uint8Array<ArrayBuffer> => new Uint8Array(rows.length);
      [shown, exact, written] = [marks(), marks(), marks()];
      waitMs = new Float64Array(rows.length);
      fallMs = new Float64Array(rows.length);
    }
    reads.fill(0);
    changed.fill(0);
  }

  /** Of cpu.pressure. A turn ends before the row can have waited unseen for longer than the bound allows in `turnMs`. */
  function beginWaitTurns(now: number): void {
    const unseen = vouching.unseenWait();
    const allMs = rows.length * WAIT_ROW_MS;
    mostWait = allMs > now - before ? 1 : bounds.cpuWait;
    for (let row = 0; row < rows.length; row++) {
      const share = unseen[row] ?? Number.NaN;
      const ms = (turnMs * bounds.cpuWait) / share;
      const turn = share > bounds.cpuWait ? Math.min(ms, allMs) : Math.max(turnMs, Math.min(LONGEST_WAIT_TURN_MS, ms));
      waitMs[row] = isExact ? turnMs : turn;
    }
    waitTurns.begin(now, waitMs);
  }

  /** By row: 1 where it is one of these. */
  function mark(marks: Uint8Array, inodes: ReadonlySet<number> | 'all'): void {
    marks.fill(inodes === 'all' ? 1 : 0);
    if (inodes === 'all') return;
    const rowOf = rowByInode(rows);
    for (const inode of inodes) {
      const row = rowOf.get(inode);
      if (row !== undefined) marks[row] = 1;
    }
  }

  /**
   * Those of the files that both the row and the first child of its parent lack, unless the row has more controllers than
   * that.
   */
  function lacking(draft: Draft, row: number, wanted: number): number {
    const first = firstChild[row] ?? -1;
    if (isExact || first < 0 || first === row) return 0;
    let found = 0;
    for (let file = 0, left = wanted & CONTROLLED; left >>> file; file++) {
      if (!((left >>> file) & 1)) continue;
      const leader = LEADERS[file] ?? file;
      const hasMore = errorAt(draft, leader, row) !== ENOENT && errorAt(draft, leader, first) === ENOENT;
      const lacksIt = errorAt(draft, file, row) === ENOENT && errorAt(draft, file, first) === ENOENT;
      if (lacksIt && !hasMore) found |= 1 << file;
    }
    return found;
  }

  /** Of the files of which the row was spared, those that must be read. The others are not there. */
  function stillSpared(draft: Draft, row: number): number {
    const first = firstChild[row] ?? -1;
    let owed = spared[row] ?? 0;
    for (let file = 0, left = owed; left >>> file; file++) {
      if (!((left >>> file) & 1)) continue;
      if (errorAt(draft, LEADERS[file] ?? file, row) !== ENOENT || errorAt(draft, file, first) !== ENOENT) continue;
      draft.setError(file, row, ENOENT);
      owed &= ~(1 << file);
    }
    spared[row] = 0;
    return owed;
  }

  /** Hot files of the row whose last read succeeded. */
  function readable(draft: Draft, row: number): number {
    let found = 0;
    for (let file = 0; HOT >>> file; file++) if (errorAt(draft, file, row) === 0) found |= HOT & (1 << file);
    return found;
  }

  /** Hot files of the row for which no parent can vouch in this tick, whatever its figures are. */
  function unproven(draft: Draft, row: number): number {
    const isActive = before - (movedAt[row] ?? Number.NaN) < QUIET_MS;
    const parent = parents[row] ?? -1;
    if (parent < 0) return HOT & ~(watched[row] ?? 0);
    if (isActive)
      return HOT & ~(watched[row] ?? 0) & ~(vouching.resting(row, before - QUIET_MS) & vouching.canVouch(parent));
    const isTurn = turns.passes(row);
    const isWhole = isExact || isTurn || shown[row] === 1;
    let asked = (POLLED & ~(watched[row] ?? 0)) | (vouching.files & ~vouching.canVouch(parent));
    asked |= isWhole ? unvouched : unvouched & ~readable(draft, parent);
    if (fallTurns.passes(row)) asked |= vouching.falling(row);
    // A quota may hold up a cgroup that used less than the bound.
    if (isTurn && !isExact && Number.isFinite(valueAt(draft, CPU_QUOTA, row))) asked |= CPU_STAT;
    for (let file = 0; HOT >>> file; file++) {
      const error = errorAt(draft, file, row);
      if (error === 0) continue;
      // What could not be read is not vouched for.
      const isMissing = error === ENOENT || error === EOPNOTSUPP;
      asked = isMissing && !isWhole ? asked & ~(1 << file) : asked | (HOT & (1 << file));
    }
    return asked;
  }

  /** Parents of which some children are read and others not: their sums are read again, each after those of its children. */
  function readAgain(): Uint32Array {
    inSome.fill(0);
    inOthers.fill(0);
    for (let row = 0; row < rows.length; row++) {
      const parent = parents[row] ?? -1;
      if (parent < 0) continue;
      inSome[parent] = (inSome[parent] ?? 0) | (ask[row] ?? 0);
      inOthers[parent] = (inOthers[parent] ?? 0) | ~(ask[row] ?? 0);
    }
    for (let row = 0; row < rows.length; row++)
      inSome[row] = (ask[row] ?? 0) & (inSome[row] ?? 0) & (inOthers[row] ?? 0) & vouching.canVouch(row);
    return inSome;
  }

  /** Of these files, which were neither read nor proven, those that must be read. */
  function stillOwed(draft: Draft, row: number, unproven: number, bounded: number): number {
    // The cgroup was found to move in this very tick.
    if (movedAt[row] === draft.monotonic) return unproven & ~lacking(draft, row, unproven);
    const inTurn = shown[row] === 1 || waitTurns.passes(row) ? 0 : bounded;
    const owed = unproven & ~inTurn & (POLLED | vouching.files | (changed[parents[row] ?? -1] ?? 0));
    return owed === 0 ? 0 : owed & readable(draft, row);
  }

  function settle(draft: Draft): void {
    vouching.settle(draft, proven, reads);
    for (let file = 0; POLLED >>> file; file++) {
      const bit = POLLED & (1 << file);
      let times: Float64Array | undefined;
      for (let row = 0; row < rows.length; row++) {
        if (!((watched[row] ?? 0) & ~(reads[row] ?? 0) & bit)) continue;
        times ??= draft.ownTimes(file);
        if (times) times[row] = draft.monotonic;
      }
    }
  }

  return {
    first(draft, { visible, exact: exactInodes = NO_ONE, touched = NO_ONE }) {
      follow(draft);
      mark(shown, visible ?? 'all');
      mark(exact, exactInodes);
      mark(written, visible ? touched : 'all');
      turns.begin(draft.monotonic, turnMs);
      slowTurns.begin(draft.monotonic, Math.max(turnMs, rows.length * SLOW_MS));
      missingTurns.begin(draft.monotonic, Math.max(MISSING_MS, rows.length * MISSING_ROW_MS));
      vouching.begin(draft);
      beginWaitTurns(draft.monotonic);
      for (let row = 0; row < rows.length; row++)
        fallMs[row] = Math.max(turnMs, Math.min(LONGEST_WAIT_TURN_MS, vouching.fallMs(row)));
      fallTurns.begin(draft.monotonic, fallMs);
      const isBegun = !Number.isNaN(before) || visible?.size !== 0;
      for (let row = 0; row < rows.length; row++) {
        const isNew = Number.isNaN(movedAt[row] ?? Number.NaN);
        const isFirst = whole[row] === 0 && isBegun;
        if (isFirst) whole[row] = 1;
        const isShown = isFirst || shown[row] === 1;
        const isWritten = isFirst || written[row] === 1;
        const isTurn = slowTurns.passes(row);
        const asked = isNew || !visible ? HOT : unproven(draft, row);
        const slower =
          (isShown || isTurn ? WARM : 0) | (isWritten || isTurn ? LIMIT : 0) | (row === root ? CGROUP_STAT : 0);
        const lacked = isNew ? 0 : lacking(draft, row, asked | slower);
        const again = !isNew && missingTurns.passes(row) ? lacking(draft, row, CONTROLLED & LEADING) : 0;
        const first = firstChild[row] ?? -1;
        const untried = (isNew ? HOT : 0) | (isFirst ? WARM | LIMIT : 0);
        const without = first >= 0 && first !== row ? (asked | slower) & untried & CONTROLLED & ~LEADING : 0;
        spared[row] = without;
        ask[row] = (asked & ~lacked & ~without) | (again & HOT);
        later[row] = (slower & ~lacked & ~without) | (again & ~HOT);
      }
      // A parent is read before its children. Rows have parents first.
      for (let row = rows.length - 1; row >= 0; row--) {
        const parent = parents[row] ?? -1;
        if (parent >= 0) ask[parent] = (ask[parent] ?? 0) | ((ask[row] ?? 0) & vouching.canVouch(parent));
      }
      // The sums are read close together, so that little happens between those of the children and that of the parent.
      const { sums } = vouching;
      before = draft.monotonic;
      return passOf([ask, sums], [readAgain(), sums, 'upwards'], [ask, ~sums], [later, ~0]) ?? NOTHING;
    },
    note(draft, row, file, isOther) {
      reads[row] = (reads[row] ?? 0) | (1 << file);
      const isVouched = (vouching.files >>> file) & 1;
      const goesOn = vouching.note(draft, row, file);
      const hasMoved = isVouched ? goesOn : isOther && (((unvouched | POLLED) >>> file) & 1) === 1;
      if (isOther) changed[row] = (changed[row] ?? 0) | (unvouched & (1 << file));
      if (hasMoved) movedAt[row] = draft.monotonic;
      else if (Number.isNaN(movedAt[row] ?? Number.NaN)) movedAt[row] = Number.NEGATIVE_INFINITY;
    },
    watch(row, watchedNow) {
      watched[row] = watchedNow;
    },
    told(row) {
      watched[row] = 0;
    },
    next(draft) {
      vouching.compare(reads);
      const asked = { reads, proven, mostWait };
      for (let row = 0; row < rows.length; row++) {
        const read = reads[row] ?? 0;
        const left = HOT & ~read;
        ask[row] = 0;
        open[row] = 0;
        later[row] = spared[row] ? stillSpared(draft, row) : 0;
        if (left === 0) {
          proven[row] = read;
          continue;
        }
        const parent = parents[row] ?? -1;
        if (parent >= 0) open[row] = (ask[parent] ?? 0) | (open[parent] ?? 0);
        const unwatched = left & ~(open[row] ?? 0) & ~(watched[row] ?? 0);
        const vouched = vouching.proves(row, unwatched, proven, reads, shown[row] === 1 || exact[row] === 1);
        proven[row] = read | vouched | (left & (watched[row] ?? 0));
        ask[row] = stillOwed(
          draft,
          row,
          unwatched & ~vouched & ~(later[row] ?? 0),
          vouching.bounded(draft, row, asked),
        );
      }
      const pass = passOf([ask, ~0], [later, ~0]);
      if (!pass) settle(draft);
      return pass;
    },
  };
}

const NO_ONE: ReadonlySet<number> = new Set();
const NOTHING: Pass = { rows: new Uint32Array(), masks: new Uint32Array() };
