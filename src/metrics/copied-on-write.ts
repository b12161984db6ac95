/** Arrays that are copied when the first figure in them becomes another one: those in which nothing happens stay shared. */

interface Numbers<T> {
  [index: number]: number;
  slice(): T;
}

export interface CopiedOnWrite<T> {
  readonly arrays: readonly T[];
  /** Tells whether it was another figure. */
  set(array: number, index: number, value: number): boolean;
  /** The array itself to write into, copied first if it is still shared. It spares a comparison for each of many figures. */
  own(array: number): T | undefined;
}

export function copiedOnWrite<T extends Numbers<T>>(known: readonly T[]): CopiedOnWrite<T> {
  const arrays = [...known];
  const isCopied = new Uint8Array(arrays.length);

  function own(array: number): T | undefined {
    if (isCopied[array]) return arrays[array];
    isCopied[array] = 1;
    const copy = arrays[array]?.slice();
    if (copy) arrays[array] = copy;
    return copy;
  }

  return {
    arrays,
    own,
    set(array, index, value) {
      const known = arrays[array];
      if (!known || Object.is(known[index], value)) return false;
      const writable = isCopied[array] ? known : own(array);
      if (writable) writable[index] = value;
      return true;
    },
  };
}
