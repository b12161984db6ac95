/** What the collector is asked for at once. */

/** Reads to do, in this order; a row may be there more than once. Bit i of a mask is file i. */
export interface Pass {
  readonly rows: Uint32Array;
  readonly masks: Uint32Array;
}

/** Of the masks by row, those files. Rows have parents first; `upwards`: children are read before them. */
type Block = readonly [masks: Uint32Array, files: number, direction?: 'upwards'];

/** The blocks one after another. */
export function passOf(...blocks: readonly Block[]): Pass | undefined {
  let length = 0;
  for (const [block, files] of blocks)
    for (let row = 0; row < block.length; row++) if ((block[row] ?? 0) & files) length++;
  if (length === 0) return undefined;
  const [order, masks] = [new Uint32Array(length), new Uint32Array(length)];
  let place = 0;
  for (const [block, files, direction] of blocks) {
    for (let index = 0; index < block.length; index++) {
      const row = direction ? block.length - 1 - index : index;
      const mask = (block[row] ?? 0) & files;
      if (mask === 0) continue;
      order[place] = row;
      masks[place++] = mask;
    }
  }
  return { rows: order, masks };
}
