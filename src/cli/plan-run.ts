/** `tscg run --dry-run`: the cgroup with its limits, the namespaces and the root that a command would get. */

import { freshFiles } from '../limits/launch/fresh-files.ts';
import { type Isolation, ROOT_FOLDERS } from '../limits/launch/namespaces.ts';
import { planPlace } from '../limits/launch/place.ts';
import { planScope, scopeBus, withHolder } from '../limits/launch/scope.ts';
import type { PlanContext, Request } from '../limits/model.ts';
import { planSet } from '../limits/planning/plan.ts';
import { clean } from '../text/clean.ts';
import { endDryRun } from './carry-out.ts';
import { printJson, printLine } from './output.ts';
import { planText } from './plan-text.ts';

export interface RunRequest {
  readonly name: string;
  readonly command: readonly string[];
  readonly edits: Request['edits'];
  readonly isolation: Isolation;
}

export function planRun(
  request: RunRequest,
  context: PlanContext,
  { json, force }: { json?: boolean; force?: boolean },
): void {
  const { name, command, edits, isolation } = request;
  const { files, owners, ownPath } = context;
  const needed = [...new Set(edits.map(({ limit }) => limit.controller))];
  const isScope = scopeBus(owners.sockets) !== undefined;
  const { path, enabled } = isScope ? planScope(name, files) : planPlace(name, needed, ownPath, files);
  const target = { kind: isScope ? ('unit' as const) : ('cgroup' as const), name, path, inode: 0 };
  const plan = planSet([{ target, edits: isScope ? withHolder(edits) : edits }], {
    ...context,
    files: freshFiles(files, path),
  });
  endDryRun(plan.risks, force);
  const namespaces = [...isolation.namespaces];
  const { rootfs, overlay } = isolation;
  if (json) {
    const made = { name, path, enabled, namespaces, rootfs: rootfs ?? null, overlay: overlay ?? null, command };
    printJson({ ...made, ...plan, started: false });
    return;
  }
  const limits = planText(plan, force)
    .split('\n')
    .filter((line) => line !== `${clean(name)}  ${clean(path)}`);
  const lines = [
    `${name}  ${clean(path)}`,
    `  a new ${isScope ? 'scope of systemd' : 'cgroup'}, removed at the end`,
    ...enabled.map((step) => `  switches on ${clean(step)}`),
    ...limits.filter((line) => line !== ''),
    ...(namespaces.length > 0 ? [`  namespaces of its own: ${namespaces.join(', ')}`] : []),
    ...(rootfs === undefined
      ? []
      : [
          `  its root: ${clean(rootfs)}`,
          `    makes ${ROOT_FOLDERS.join(', ')} in it where they are missing, and removes them at the end where they are empty`,
        ]),
    ...(overlay ? [`  its root: laid over ${overlay.map(clean).join(', ')}; what it writes is gone at the end`] : []),
    `  runs: ${command.map(clean).join(' ')}`,
  ];
  printLine(`${lines.join('\n')}\ndry run: nothing was started`);
}
