/** What is known by row, in another list of rows. */

/**
 * Puts what is known of each row to its place in `moved`, and gives that. `from`: by row of `moved`, which one it was; -1 for a
 * new one, which keeps what `moved` has there. The loop is one for all that need it: V8 compiles it soon, and allocates a
 * number for each row until then.
 */
export function movedRows<T extends Float64Array | Uint32Array | Uint8Array>(known: T, from: Int32Array, moved: T): T {
  for (let row = 0; row < from.length; row++) {
    const was = from[row] ?? -1;
    if (was >= 0) moved[row] = known[was] ?? 0;
  }
  return moved;
}

/** So many rows of which no figure is known. */
export const unknownRows = (rows: number): Float64Array<ArrayBuffer> => new Float64Array(rows).fill(Number.NaN);
