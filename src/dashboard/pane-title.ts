import type { Workload } from '../inventory/workload.ts';
import type { Line } from './style.ts';

/** Of a pane that tells `what` of the selected row: whose it is, and whether it was read yet. */
export const paneTitle = (selected: Workload | undefined, what: string, isRead: boolean): Line =>
  selected
    ? [[selected.name, 'title'], [`  ${isRead ? what : 'reading …'}  `], [selected.path, 'dim']]
    : [['no row selected', 'dim']];
