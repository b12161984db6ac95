/**
 * io.cost.qos and io.cost.model: the iocost controller's settings of each disk, in the root cgroup only.
 *
 *     8:16 enable=1 ctrl=auto rpct=95.00 rlat=75000 wpct=95.00 wlat=150000 min=50.00 max=150.00
 *     8:16 ctrl=auto model=linear rbps=174019176 rseqiops=41708 rrandiops=370 wbps=178075866 wseqiops=42705 wrandiops=378
 */

import { nestedLines } from './nested-keyed.ts';
import { parseSingleValue } from './single-value.ts';
import { isUnavailable } from './value.ts';

export interface IoCost {
  /** `auto` or `user`: who chose the values. */
  readonly ctrl?: string;
  /** `linear`, in io.cost.model. */
  readonly model?: string;
  /** The other keys: percentages (rpct, wpct, min, max), microseconds (rlat, wlat), bytes or operations a second. */
  readonly figures: ReadonlyMap<string, number>;
}

/** By `MAJ:MIN`. */
export function parseIoCost(text: string): Map<string, IoCost> {
  const disks = new Map<string, IoCost>();
  for (const [disk, entries] of nestedLines(text)) {
    const words = new Map(entries);
    const ctrl = words.get('ctrl');
    const model = words.get('model');
    words.delete('ctrl');
    words.delete('model');
    const figures = new Map(Array.from(words, ([key, value]) => [key, parseSingleValue(value)] as const));
    disks.set(disk, { ...(ctrl !== undefined && { ctrl }), ...(model !== undefined && { model }), figures });
  }
  return disks;
}

/** One line to write. Any write, also one that fails, freezes the disk's queue for 30 to 80 ms. */
export function formatIoCostLine(disk: string, { ctrl, model, figures }: IoCost): string {
  const words = [disk];
  if (ctrl !== undefined) words.push(`ctrl=${ctrl}`);
  if (model !== undefined) words.push(`model=${model}`);
  for (const [key, value] of figures) if (!isUnavailable(value)) words.push(`${key}=${value}`);
  return words.join(' ');
}
