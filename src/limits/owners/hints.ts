/** What takes a raw write back, and the command or line that would keep it. */

import { isInBox } from '../../inventory/identity.ts';
import { runtimeOf } from '../../inventory/owner.ts';
import { unitAt, unitName } from '../../inventory/units.ts';
import type { Workload } from '../../inventory/workload.ts';
import { ancestorsOf, lastComponent } from '../../kernel/cgroup-path.ts';
import { shellWord } from '../../text/shell-word.ts';
import { isRewritten } from './systemd-properties.ts';

const INCUS_KEYS: Readonly<Record<string, string>> = {
  'cpu.max': 'limits.cpu.allowance',
  'cpuset.cpus': 'limits.cpu',
  'memory.max': 'limits.memory',
  'pids.max': 'limits.processes',
};

const NERDCTL_FLAGS: Readonly<Record<string, string>> = {
  'cpu.max': '--cpus CPUS',
  'cpu.weight': '--cpu-shares SHARES',
  'cpuset.cpus': '--cpuset-cpus CPUS',
  'cpuset.mems': '--cpuset-mems NODES',
  'memory.max': '--memory BYTES',
  'memory.low': '--memory-reservation BYTES',
  'pids.max': '--pids-limit NUMBER',
};

/** Of what docker's API is not told here, but its command line takes. */
const DOCKER_FLAGS: Readonly<Record<string, string>> = {
  'cpu.weight': '--cpu-shares SHARES',
  'memory.swap.max': '--memory BYTES --memory-swap BYTES',
  'io.weight': '--blkio-weight WEIGHT',
};

/** Subcommand and option of virsh; it changes the machine now and its configuration. */
const VIRSH: Readonly<Record<string, readonly [command: string, option: string]>> = {
  'cpu.max': ['schedinfo', 'vcpu_quota=MICROSECONDS'],
  'cpu.weight': ['schedinfo', 'cpu_shares=SHARES'],
  'memory.max': ['memtune', '--hard-limit KIB'],
  'memory.high': ['memtune', '--soft-limit KIB'],
  'io.weight': ['blkiotune', '--weight WEIGHT'],
};

/** Undefined where nobody takes it back. `path`: where the file is. */
export function revertText(target: Workload, file: string, path: string): string | undefined {
  const { name } = target;
  const inner = unitAt(path) ? undefined : unitName(lastComponent(path));
  if (inner) return innerText(path, inner);
  const runtime = runtimeOf(target);
  switch (runtime) {
    case 'lxc':
      return `lost when the container restarts; to keep it add to its config: lxc.cgroup2.${file} = VALUE`;
    case 'incus': {
      const key = INCUS_KEYS[file];
      return `lost when the instance restarts${key ? `; to keep it: incus config set ${shellWord(name)} ${key}=VALUE` : ''}`;
    }
    case 'libvirt': {
      const [command, option] = VIRSH[file] ?? [];
      const kept = command ? `; to keep it: virsh ${command} ${shellWord(name)} --live --config ${option}` : '';
      return `libvirt does not know of it${kept}`;
    }
    case 'nerdctl': {
      const flag = NERDCTL_FLAGS[file];
      return `nerdctl does not know of it: its next update or a restart takes it back${flag ? `; to keep it: nerdctl update ${flag} ${shellWord(name)}` : ''}`;
    }
  }
  const { unit, manager } = unitAt(path) ?? {};
  if (unit && manager?.capsule) return capsuleText(unit, manager.capsule);
  if (unit && !isRewritten(file)) return `systemd has no property for ${file}: it is lost when ${unit} restarts`;
  if (unit) return `systemd owns ${unit}: a daemon-reload or the unit's restart takes a raw write back`;
  return runtime && runtime !== 'systemd'
    ? `${runtime} does not know of it: its next update or a restart takes it back`
    : undefined;
}

/** Of a directory that is called as a unit where no manager of this host has one. */
function innerText(path: string, unit: string): string {
  if (isInBox(path))
    return `${path} lies inside a container or machine: the systemd in there may take a raw write back (daemon-reload, or a restart of ${unit})`;
  const holder = ancestorsOf(path).find((at) => unitAt(at) && !at.endsWith('.slice'));
  if (holder === undefined)
    return `${path} is no unit of systemd, which keeps none there: whoever made it may take a raw write back`;
  return `${path} is no unit of systemd's own: it lies in ${holder}, whose processes may take a raw write back`;
}

const capsuleText = (unit: string, capsule: string): string =>
  `${unit} belongs to the systemd of the capsule ${capsule}: its daemon-reload or the unit's restart takes a raw write back; to keep it: systemctl --capsule=${capsule} set-property ${unit} PROPERTY=VALUE`;

/** How a container keeps over its restart what was set on its unit, where its runtime has a way; empty for any other. */
export function keptText({ name, runtime }: Workload, file: string): string {
  const flag = runtime === 'docker' ? DOCKER_FLAGS[file] : undefined;
  return flag ? `; to keep it: docker update ${flag} ${shellWord(name)}` : '';
}

/** The change of the pod that the kubelet keeps. */
export function kubectlHint({ pod, namespace, name }: Workload, file: string): string {
  const resource = file.startsWith('memory.') ? '"memory":"VALUE"' : '"cpu":"VALUE"';
  const container = name.slice(name.indexOf('/') + 1);
  const patch = `{"spec":{"containers":[{"name":"${container}","resources":{"limits":{${resource}}}}]}}`;
  const where = namespace ? ` -n ${shellWord(namespace)}` : '';
  return `kubectl patch pod ${shellWord(pod ?? 'POD')}${where} --subresource resize --patch '${patch}'`;
}
