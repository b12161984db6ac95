/** Workloads of every kind under load, with the same tree of processes in each. */

import { at, listOf } from '../../../src/inventory/names/json.ts';
import { startDocker, startNspawn, startPodman, startService } from '../systemd/workloads.mjs';
import { json, run } from './tools.ts';

export interface Running {
  readonly name: string;
  /** Of its init, here. */
  readonly pid: number;
  /** Of its row, beneath the mount. */
  readonly path: string;
  readonly id?: string;
}

export interface Load {
  /** A docker container on the bridge, with files written, hidden and mounted. */
  readonly web: Running;
  /** In the network namespace of `web`. */
  readonly side: Running;
  /** In a podman pod. */
  readonly member: Running;
  readonly machine: Running;
  /** With a network namespace of its own and, within, a PID and a user namespace below its own. */
  readonly service: Running;
}

/**
 * What each of the busy ones may take: a steady CPU figure. The machine has no limit of memory, and only containers one of
 * PIDs.
 */
export const CPUS = 0.2;
export const MEMORY = 64 * 2 ** 20;
export const PIDS = 50;

/** Its init becomes `sleep 4000`; nothing in it forks later on. systemd would take a `$` for its own. */
const TREE =
  'sleep 4001 & (sleep 4002 & exec sleep 4003) & dd if=/dev/zero of=/dev/null bs=4k 2>/dev/null & exec sleep 4000';
const busy = (first = ''): string[] => ['sh', '-c', `${first}${TREE}`];

/** What `docker exec` brings in later. */
export const ENTERED = 'sleep 4004';
/** In a PID namespace of its own within the service. */
export const NESTED = 'sleep 4005';

const DISK = process.env.TSCG_GUEST_DISK ?? '/dev/vda';
const MACHINE = 'machine-load\\x2dmachine.scope';
const READ_BYTES_PER_SECOND = 2_000_000;

const WRITES = 'head -c 3000000 /dev/urandom > /written; mkdir /made; rm /bin/yes; ';

export async function startLoad(): Promise<Load> {
  const limits = { cpus: CPUS, memory: String(MEMORY), flags: [`--pids-limit=${PIDS}`] };
  const flags = [...limits.flags, '--volume=kept:/kept', '--volume=/scratch:/shown:ro', '--tmpfs=/quick'];
  const web = await startDocker('load-web', { ...limits, flags, command: busy(WRITES) });
  run('docker', 'exec', '-d', web.name, ...ENTERED.split(' '));
  const [side, member, machine, service] = await Promise.all([
    startDocker('load-side', { network: `container:${web.name}` }),
    startPodman('load-member', { ...limits, pod: 'load-pod', network: 'bridge', command: busy() }),
    startNspawn('load-machine', { command: busy() }),
    startService('load-service', {
      properties: {
        CPUQuota: `${CPUS * 100}%`,
        MemoryMax: String(MEMORY),
        PrivateNetwork: 'yes',
        PrivateTmp: 'yes',
        IOReadBandwidthMax: `${DISK} ${READ_BYTES_PER_SECOND}`,
      },
      command: busy(
        `unshare --user --map-root-user --pid --fork --mount-proc ${NESTED} & while :; do dd if=${DISK} of=/dev/null bs=64k iflag=direct; done 2>/dev/null & `,
      ),
    }),
  ]);
  run('systemctl', 'set-property', '--runtime', MACHINE, `CPUQuota=${CPUS * 100}%`);
  for (const [index, { pid }] of [web, member].entries()) {
    const address = listOf(
      at(json('nsenter', '-t', String(pid), '-n', 'ip', '-j', '-4', 'address', 'show', 'eth0'), '0', 'addr_info'),
    )[0];
    const ping = ['/bin/busybox', 'ping', '-q', '-i', '0.2', '-s', '1000', String(at(address, 'local'))];
    await startService(`load-ping-${index}`, { command: ping });
  }
  return {
    web: rowOf(web),
    side: rowOf(side),
    member: rowOf(member),
    machine: rowOf(machine),
    service: rowOf(service),
  };
}

/** crun and nspawn put the processes of what they start one level below its row. */
const rowOf = ({ cgroup, ...about }: Awaited<ReturnType<typeof startService>>): Running => ({
  ...about,
  path: cgroup.replace(/\/(container|payload)$/, ''),
});

/** Killed: an init without handlers ignores the signals that ask it to end. */
export function endLoad(): void {
  run('systemctl', 'kill', '--signal=KILL', 'load-service', 'load-ping-0', 'load-ping-1', MACHINE);
  run('docker', 'rm', '-f', 'load-side', 'load-web');
  run('podman', 'pod', 'rm', '-f', '-t', '0', 'load-pod');
}
