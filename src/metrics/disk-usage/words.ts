/** A measured size in words. */

import { formatValue } from '../format.ts';
import type { TreeSize } from './walk.ts';

const CUT: Readonly<Record<NonNullable<TreeSize['cut']>, string>> = {
  entries: 'ended at the bound on files',
  time: 'ended at the bound on time',
  cancelled: 'broken off',
};

/** `12.5MiB in 120 files, 3 hidden of the layers below`; with `>=` where not all was seen, and why. */
export function sizeText({ bytes, files, whiteouts, unread, cut }: TreeSize): string {
  const least = cut || unread > 0 ? '>= ' : '';
  return [
    `${least}${formatValue(bytes, 'bytes')} in ${least}${files} files`,
    whiteouts > 0 && `${whiteouts} hidden of the layers below`,
    unread > 0 && `${unread} entries could not be read`,
    cut && CUT[cut],
  ]
    .filter(Boolean)
    .join(', ');
}

/** `grows 1.25MiB/s`, from bytes per second. */
export const growthText = (growth: number): string =>
  growth === 0 ? 'does not grow' : `${growth > 0 ? 'grows' : 'shrinks'} ${formatValue(Math.abs(growth), 'bytes')}/s`;
