/**
 * The times of a Snapshot that is kept for later. Rows that a parent vouches for all have its time: as runs of like rows they
 * take a small part of their room.
 */

/** Each run ends before the row in the same place of `ends`. */
interface Runs {
  readonly values: Float64Array;
  readonly ends: Uint32Array;
}

export interface PackableTimes {
  /** By file, then by row. */
  arrays(): readonly Float64Array[];
  /** Holds those of these files in less room, from which they are made again when they are asked for. Gives the bytes saved. */
  pack(isOwn: (file: number) => boolean): number;
}

export function packableTimes(times: readonly Float64Array[]): PackableTimes {
  let whole: readonly Float64Array[] | undefined = times;
  let parts: readonly (Float64Array | Runs)[] = times;
  let again: WeakRef<readonly Float64Array[]> | undefined;
  return {
    arrays() {
      const known = whole ?? again?.deref();
      if (known) return known;
      const made = parts.map((part) => (part instanceof Float64Array ? part : arrayOf(part)));
      again = new WeakRef(made);
      return made;
    },
    pack(isOwn) {
      let saved = 0;
      parts = parts.map((part, file) => {
        if (!(part instanceof Float64Array) || !isOwn(file)) return part;
        const runs = runsOf(part);
        saved += runs ? part.byteLength - runs.ends.length * BYTES_A_RUN : 0;
        return runs ?? part;
      });
      whole = undefined;
      return saved;
    },
  };
}

const BYTES_A_RUN = Float64Array.BYTES_PER_ELEMENT + Uint32Array.BYTES_PER_ELEMENT;

/** Undefined where they would take more than half of the room. */
function runsOf(array: Float64Array): Runs | undefined {
  const most = array.byteLength / 2 / BYTES_A_RUN;
  const ends: number[] = [];
  for (let row = 1; row <= array.length; row++) {
    if (row < array.length && Object.is(array[row], array[row - 1])) continue;
    if (ends.push(row) > most) return undefined;
  }
  return { values: Float64Array.from(ends, (end) => array[end - 1] ?? Number.NaN), ends: Uint32Array.from(ends) };
}

function arrayOf({ values, ends }: Runs): Float64Array {
  const array = new Float64Array(ends.at(-1) ?? 0);
  values.forEach((value, run) => void array.fill(value, ends[run - 1] ?? 0, ends[run]));
  return array;
}
