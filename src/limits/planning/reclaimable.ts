/** How much of a cgroup's memory the kernel could take back without killing: an estimate, from memory.stat. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import type { Machine } from '../../kernel/machine.ts';
import { reclaimableWithoutSwap, reclaimableWithSwap, type Swap } from '../../kernel/reclaimable.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';

type SwapOfMachine = Pick<Machine, 'swapFree'>;

/** Bytes: page cache and slab that can go, and what of the rest finds room in swap; NaN where a file does not tell. */
export function reclaimable(path: string, files: CgroupFiles, machine: SwapOfMachine): number {
  const stat = parseFlatKeyed(textIfThere(files, path, 'memory.stat') ?? '');
  return reclaimableWithSwap((key) => stat.get(key) ?? Number.NaN, swapOf(path, files, machine));
}

/** The least that it can be: what is not known counts as none. */
export function surelyReclaimable(path: string, files: CgroupFiles, machine: SwapOfMachine): number {
  const stat = parseFlatKeyed(textIfThere(files, path, 'memory.stat') ?? '');
  const figure = (key: string): number => stat.get(key) ?? 0;
  const withSwap = reclaimableWithSwap(figure, swapOf(path, files, machine));
  return Number.isNaN(withSwap) ? reclaimableWithoutSwap(figure) : withSwap;
}

function swapOf(path: string, files: CgroupFiles, { swapFree = Number.NaN }: SwapOfMachine): Swap {
  const value = (file: string): number => parseSingleValue(textIfThere(files, path, file));
  return { free: swapFree, max: value('memory.swap.max'), current: value('memory.swap.current') };
}
