/** Cgroups that must not be frozen or killed by mistake: our own, that of pid 1, and those of container engines. */

import { ENGINE_NAMES } from '../../inventory/engines.ts';
import { isInBox } from '../../inventory/identity.ts';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { readText } from '../../kernel/if-there.ts';
import { inhabitants, processesIn, subtree } from '../../kernel/subtree.ts';
import { counted } from '../../text/counted.ts';
import { shellWord } from '../../text/shell-word.ts';
import type { PlanContext, Risk } from '../model.ts';
import { besideHolder, holderIn } from './risks.ts';

/** The daemons of container engines, as /proc/PID/comm has them: one may run in any cgroup. */
const DAEMONS = new Set([
  'dockerd',
  'containerd',
  'crio',
  'kubelet',
  'k3s-server',
  'lxd',
  'incusd',
  'libvirtd',
  'virtqemud',
]);
/** Their services: of systemd, and of OpenRC. */
const ENGINE = new RegExp(`/((?:snap\\.)?${ENGINE_NAMES}(?:\\.[\\w-]+)*\\.service|openrc\\.${ENGINE_NAMES})$`);

/** What speaks against `doing` (`freezing`, `killing`) a cgroup: a risk that refuses, or none. */
export function guardRisks(
  { path, name }: { readonly path: string; readonly name: string },
  doing: string,
  context: Pick<PlanContext, 'ownPath' | 'initPath' | 'files'>,
): Risk[] {
  const who = holderIn(path, context) ?? keeperIn(subtree(context.files, path), context.files);
  if (!who) return [];
  return [
    {
      level: 'refuse',
      text: `${who} in ${name} (${path}): ${doing} it would take the way back too`,
      remedy: besideHolder(context),
    },
  ];
}

/**
 * `kill pid:N` ends the whole workload of process N. A risk that refuses where others run in it, or none. `name`: as it was
 * typed.
 */
export function companyRisks(
  { path, name }: { readonly path: string; readonly name: string },
  files: CgroupFiles,
): Risk[] {
  if (!name.startsWith('pid:')) return [];
  const { pids, foreign } = inhabitants(files, path);
  const others = pids.length + foreign - 1;
  if (others < 1) return [];
  const pid = name.slice('pid:'.length);
  return [
    {
      level: 'refuse',
      text: `${name} is the whole of ${path}, where ${counted(others, 'other process runs', 'other processes run')} too`,
      remedy: `to end that process alone: kill ${pid}; to end all of them: tscg kill ${shellWord(path)}`,
    },
  ];
}

const keeperIn = (places: readonly string[], files: CgroupFiles): string | undefined =>
  engineIn(places) ?? daemonIn(places, files);

/** `docker.service runs`, where an engine's service is one of the cgroups. */
export function engineIn(places: readonly string[]): string | undefined {
  for (const at of places) {
    // An engine inside a container is the container's own business.
    const engine = isInBox(at) ? undefined : ENGINE.exec(at)?.[1];
    if (engine) return `the container engine ${engine} runs`;
  }
  return undefined;
}

/** The same for an engine without a service of its own, as in a session or on a machine without systemd. */
function daemonIn(places: readonly string[], files: CgroupFiles): string | undefined {
  for (const at of places) {
    if (isInBox(`${at}/process`)) continue;
    const daemon = processesIn(files, at)
      .pids.map(commOf)
      .find((comm) => DAEMONS.has(comm));
    if (daemon) return `the container engine ${daemon} runs`;
  }
  return undefined;
}

const commOf = (pid: number): string => readText(`/proc/${pid}/comm`).trimEnd();
