/**
 * Whose turn it is: each row has one at least once in so many milliseconds, whatever the ticks last and whichever rows come
 * and go. Rows that are new at the same time have their turns in their order. Neighbours have theirs together, as what there
 * is of them lies close together in memory, here and in the kernel: a thousand rows from everywhere cost as much as all.
 */

import { movedRows, unknownRows } from './moved-rows.ts';

export interface Round {
  /**
   * Begins a tick, at so many milliseconds. `turnMs`: from one turn of a row to the next, of all rows or by row. Where that is
   * another than before, what is left to the next turn of the row changes with it.
   */
  begin(now: number, turnMs: number | Float64Array): void;
  /** Whether the row has its turn in this tick. A new one has none. */
  passes(row: number): boolean;
  /** Goes on with other rows. `before`: by row, which one it was; -1 for a new one. */
  follow(before: Int32Array): void;
}

export function createRound(): Round {
  /** By row, milliseconds: NaN for a new one. */
  let turnAt = new Float64Array();
  let passed = new Uint8Array();
  /** By row, `turnMs` of the last tick. */
  let lastMs = new Float64Array();
  return {
    begin(now, turnMs) {
      // No closure: V8 allocates each number that one is called with.
      let news = 0;
      for (let row = 0; row < turnAt.length; row++) if (Number.isNaN(turnAt[row])) news++;
      let seen = 0;
      for (let row = 0; row < turnAt.length; row++) {
        const at = turnAt[row] ?? Number.NaN;
        const ms = (typeof turnMs === 'number' ? turnMs : turnMs[row]) ?? Number.NaN;
        passed[row] = Number(now >= at);
        if (Number.isNaN(at)) turnAt[row] = now + (ms * ++seen) / news;
        else turnAt[row] = now >= at ? now + ms : now + ((at - now) * ms) / (lastMs[row] ?? ms);
        lastMs[row] = ms;
      }
    },
    passes: (row) => passed[row] === 1,
    follow(before) {
      turnAt = movedRows(turnAt, before, unknownRows(before.length));
      lastMs = movedRows(lastMs, before, unknownRows(before.length));
      passed = new Uint8Array(before.length);
    },
  };
}
