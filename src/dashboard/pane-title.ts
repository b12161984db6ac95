/** The first line of a pane. */

import type { Workload } from '../inventory/workload.ts';
import type { Line } from './style.ts';

/** Says what the pane tells, of which row, and whether it was read yet. */
export const paneTitle = (selected: Workload | undefined, what: string, isRead: boolean): Line =>
  selected
    ? [[selected.name, 'title'], [`  ${isRead ? what : 'reading …'}  `], [selected.path, 'dim']]
    : [['no row selected', 'dim']];
