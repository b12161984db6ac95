/** How much of a cgroup's memory the kernel could take back without killing: an estimate, from memory.stat. */
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import type { Machine } from '../../kernel/machine.ts';
import { reclaimableWithoutSwap } from '../../kernel/reclaimable.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';

/** Bytes: page cache and slab that can go, and what of the rest finds room in swap. 0 where memory.stat cannot be read. */
export function reclaimable(path: string, files: CgroupFiles, { swapFree = 0 }: Pick<Machine, 'swapFree'>): number {
  const stat = parseFlatKeyed(textIfThere(files, path, 'memory.stat') ?? '');
  const figure = (key: string): number => stat.get(key) ?? 0;
  const value = (file: string): number => parseSingleValue(textIfThere(files, path, file) ?? '0');
  const room = Math.max(0, Math.min(swapFree, value('memory.swap.max') - value('memory.swap.current')));
  const swappable = Math.min(room, figure('inactive_anon') + figure('active_anon'));
  return reclaimableWithoutSwap(figure) + swappable;
}
