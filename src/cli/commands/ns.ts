/** tscg ns: every namespace on the machine, as lsns has them but with the workloads in each; or those of one workload. */

import { openInventory } from '../../inventory/inventory.ts';
import { createNamespaceScanner, type Namespace, type NamespaceScan } from '../../inventory/namespaces.ts';
import { readUserNames, type UserNames } from '../../inventory/users.ts';
import type { Workload } from '../../inventory/workload.ts';
import {
  createHolderOf,
  holdersOf,
  idMapLines,
  namespacesOf,
  namesText,
  ownerText,
  unseenLines,
  whoseIs,
} from '../../inventory/workload-namespaces.ts';
import type { NamespaceKind } from '../../kernel/namespace-link.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { cut, terminalSafe } from '../../text/cells.ts';
import { type GlobalOptions, openHierarchy, PROC, workloadNamed } from '../context.ts';
import { UsageError } from '../errors.ts';
import { treeOf } from '../namespace-tree.ts';
import { printJson, printLine, warn } from '../output.ts';
import { formatTable, type TableColumn, terminalWidth } from '../table.ts';

export interface NsOptions {
  type?: NamespaceKind;
  tree?: boolean;
  json?: boolean;
}

export async function ns(name: string | undefined, options: NsOptions, global: GlobalOptions): Promise<void> {
  if (name !== undefined && options.tree) throw new UsageError('--tree is of all namespaces: leave the name out');
  const { mount, root } = openHierarchy(global);
  const inventory = openInventory({ mount, root, proc: PROC, watch: false, apis: true });
  try {
    await inventory.refresh();
    const workloads = inventory.workloads();
    const workload = name === undefined ? undefined : await workloadNamed(workloads, name, { mount, root });
    const scan = await createNamespaceScanner({ proc: PROC, mount })();
    if (workload) printWorkload(workload, workloads, scan, options);
    else printAll(workloads, scan, await readUserNames(PROC, undefined, createReadFiles()), options);
  } finally {
    inventory.close();
  }
}

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });

/** Names that a line has room for. */
const MOST_NAMES = 3;
/** Cells for them, and for a command, in a terminal. */
const LONGEST = 40;

function printAll(
  workloads: readonly Workload[],
  scan: NamespaceScan,
  users: UserNames,
  { type, tree, json }: NsOptions,
): void {
  const holderOf = createHolderOf(workloads);
  const isWanted = ({ kind }: Namespace): boolean => type === undefined || kind === type;
  if (json) {
    printJson(
      scan.namespaces.filter(isWanted).map((namespace) => jsonOf(namespace, holdersOf(namespace, holderOf), users)),
    );
    return;
  }
  const width = terminalWidth();
  const short = (text: string): string => (width === undefined ? text : cut(terminalSafe(text), LONGEST));
  const lines = tree
    ? treeOf(scan.namespaces, type)
    : scan.namespaces.filter(isWanted).map((namespace) => ({ namespace, branch: '' }));
  const rows = lines.map(({ namespace, branch }) => {
    const { kind, inode, processes, first, mountPoints } = namespace;
    return [
      branch + kind,
      String(inode),
      String(processes),
      first ? String(first.pid) : '',
      first ? (users.get(first.uid) ?? String(first.uid)) : '',
      short(namesText(holdersOf(namespace, holderOf), MOST_NAMES)),
      short(first?.command ?? mountPoints.join(' ')),
    ];
  });
  const columns = [
    left('TYPE'),
    right('NS'),
    right('PROCESSES'),
    right('PID'),
    left('USER'),
    left('WORKLOADS'),
    left('COMMAND'),
  ];
  printLine(formatTable(columns, rows, width));
  const denied = [...scan.unseen.values()].reduce((sum, unseen) => sum + unseen.denied, 0);
  const foreign = [...scan.unseen.values()].reduce((sum, unseen) => sum + unseen.foreign, 0);
  for (const line of unseenLines({ denied, foreign })) warn(line);
  if (tree && !scan.hasOwners) warn('without the addon owners and parents are not known: see tscg doctor');
}

function printWorkload(
  workload: Workload,
  workloads: readonly Workload[],
  scan: NamespaceScan,
  { type, json }: NsOptions,
): void {
  const { name, path } = workload;
  const found = namespacesOf(workload, workloads, scan);
  const kinds = found.kinds.filter(({ kind }) => type === undefined || kind === type);
  if (json) {
    const { denied, foreign } = found.unseen;
    printJson({
      name,
      path,
      namespaces: kinds.flatMap(({ members }) =>
        members.map((member) => ({
          ...factsOf(member.namespace),
          whose: whoseIs(member) ?? null,
          processes: member.processes,
          shared_with: member.sharedWith.map((other) => ({ name: other.name, path: other.path })),
        })),
      ),
      unavailable: Object.fromEntries(kinds.flatMap(({ kind, reason }) => (reason ? [[kind, reason]] : []))),
      unread_processes: { denied, foreign },
    });
    return;
  }
  const rows = kinds.flatMap(({ kind, members, reason }) =>
    members.length === 0
      ? [[kind, '--', '', '', '', reason ?? '']]
      : members.map((member) => [
          kind,
          String(member.namespace.inode),
          whoseIs(member) ?? '--',
          String(member.processes),
          ownerText(member),
          namesText(member.sharedWith, MOST_NAMES),
        ]),
  );
  printLine(`${terminalSafe(name)}  ${terminalSafe(path)}`);
  const columns = [left('TYPE'), right('NS'), left('WHOSE'), right('PROCESSES'), right('OWNER'), left('SHARED WITH')];
  printLine(formatTable(columns, rows, terminalWidth()));
  for (const { namespace } of kinds.flatMap(({ members }) => members)) {
    for (const line of idMapLines(namespace)) printLine(line);
  }
  for (const line of unseenLines(found.unseen)) warn(line);
}

/** What is the namespace's own, by the names of the JSON. */
const factsOf = ({ kind, inode, owner, parent, ownerUid, uidMap, gidMap, mountPoints }: Namespace) => ({
  type: kind,
  ns: inode,
  owner: owner ?? null,
  parent: parent ?? null,
  ...(kind === 'user' && { owner_uid: ownerUid ?? null, uid_map: uidMap ?? null, gid_map: gidMap ?? null }),
  mount_points: mountPoints,
});

const jsonOf = (namespace: Namespace, holders: readonly Workload[], users: UserNames) => ({
  ...factsOf(namespace),
  host: namespace.isHost ?? null,
  processes: namespace.processes,
  pid: namespace.first?.pid ?? null,
  uid: namespace.first?.uid ?? null,
  user: (namespace.first && users.get(namespace.first.uid)) ?? null,
  command: namespace.first?.command ?? null,
  workloads: holders.map(({ name, path }) => ({ name, path })),
});
