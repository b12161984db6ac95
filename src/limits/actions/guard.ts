/** What must not be frozen or killed by a slip: ourselves, pid 1, and whoever keeps the containers. */
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { PlanContext, Risk } from '../plan.ts';
import { holderIn } from '../risks.ts';
import { subtree } from './subtree.ts';

/** Units of container engines and of what starts containers through them. */
const ENGINE =
  /\/((?:snap\.)?(?:docker|containerd|podman|crio|cri-o|k3s|k3s-agent|k0scontroller|k0sworker|kubelet|rke2-server|rke2-agent|lxd|incus|libvirtd|virtqemud)(?:\.[\w-]+)*\.service)$/;
/** An engine inside a container is the container's own business. */
const IN_CONTAINER = /[0-9a-f]{64}/;

/** `doing`: `freezing`. A risk that refuses, or none. */
export function guardRisks(
  { path, name }: { readonly path: string; readonly name: string },
  doing: string,
  context: Pick<PlanContext, 'ownPath' | 'initPath' | 'files'>,
): Risk[] {
  const who = holderIn(path, context) ?? engineIn(path, context.files);
  if (!who) return [];
  return [
    {
      level: 'refuse',
      text: `${who} in ${name} (${path}): ${doing} it would take the way back too`,
      remedy: 'name the container or unit inside it, or add --force',
    },
  ];
}

/** `docker.service runs`, where an engine is in the cgroup or below it. */
export function engineIn(path: string, files: Pick<CgroupFiles, 'mount'>): string | undefined {
  if (IN_CONTAINER.test(path)) return undefined;
  for (const at of subtree(files, path)) {
    const engine = IN_CONTAINER.test(at) ? undefined : ENGINE.exec(at)?.[1];
    if (engine) return `the container engine ${engine} runs`;
  }
  return undefined;
}
