/** The namespaces of the selected row: kind, inode, whose it is, processes, owner, who shares it; and the id maps. */

import type { Workload } from '../inventory/workload.ts';
import {
  idMapLines,
  namesText,
  ownerText,
  unseenLines,
  type WorkloadNamespace,
  type WorkloadNamespaces,
  whoseIs,
} from '../inventory/workload-namespaces.ts';
import { padEnd, padStart } from '../text/cells.ts';
import { paneTitle } from './pane-title.ts';
import type { Line } from './style.ts';
import type { Style } from './themes.ts';

const WHOSE_STYLES: Readonly<Record<'host' | 'own' | 'shared', Style>> = {
  host: 'dim',
  own: 'good',
  shared: 'accent',
};

/** About so many cells has the name of a workload that shares a namespace. */
const NAME_CELLS = 12;
/** Cells of a line before those names. */
const FIXED_CELLS = 46;

export function namespacesView(
  workload: Workload | undefined,
  found: WorkloadNamespaces | undefined,
  width: number,
): Line[] {
  const title = paneTitle(workload, 'namespaces', found !== undefined);
  if (!workload || !found) return [title];
  const heads = `${padEnd('KIND', 7)}${padStart('NS', 10)}  ${padEnd('WHOSE', 7)}${padStart('PROC', 6)}${padStart('OWNER', 12)}  SHARED WITH`;
  const most = Math.max(1, Math.floor((width - FIXED_CELLS) / NAME_CELLS));
  return [
    title,
    [[heads, 'title']],
    ...found.kinds.flatMap(({ kind, members, reason }): Line[] =>
      members.length === 0
        ? [[[padEnd(kind, 7)], [padStart('--', 10), 'dim'], [`  ${reason ?? ''}`, 'dim']]]
        : members.map((member) => memberLine(kind, member, most)),
    ),
    ...found.kinds.flatMap(({ members }) =>
      members.flatMap(({ namespace }) => idMapLines(namespace).map((line): Line => [[line, 'dim']])),
    ),
    ...unseenLines(found.unseen).map((line): Line => [[line, 'warning']]),
  ];
}

function memberLine(kind: string, member: WorkloadNamespace, most: number): Line {
  const whose = whoseIs(member);
  return [
    [padEnd(kind, 7), 'accent'],
    [padStart(String(member.namespace.inode), 10)],
    [`  ${padEnd(whose ?? '--', 7)}`, whose ? WHOSE_STYLES[whose] : 'dim'],
    [padStart(String(member.processes), 6)],
    [padStart(ownerText(member), 12), 'dim'],
    [`  ${namesText(member.sharedWith, most)}`, whose === 'host' ? 'dim' : 'plain'],
  ];
}
