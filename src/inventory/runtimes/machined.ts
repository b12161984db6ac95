/**
 * systemd-machined: https://www.freedesktop.org/software/systemd/man/org.freedesktop.machine1.html
 *
 *     ListMachines() → a(ssso)            name, class (container, vm, host), service (systemd-nspawn, libvirt-qemu), path
 *     org.freedesktop.machine1.Machine    Leader, Unit, RootDirectory, State, Timestamp (microseconds)
 *     GetMachineAddresses(s) → a(iay)
 *     signals MachineNew(so), MachineRemoved(so)
 *
 * machined is there only while there are machines; it is not started for our sake.
 */

import { at, listOf, pidOf, textOf } from '../names/json.ts';
import type { Runtime, WorkloadDetails } from '../workload.ts';
import { ApiError } from './api-error.ts';
import type { ClientContext, FollowOptions, Refreshed, RuntimeClient } from './client.ts';
import { type Bus, loadDbus, untilEnded } from './dbus.ts';
import { addressList, known, pathOf } from './details.ts';
import { keepBus } from './systemd.ts';

const MANAGER = {
  destination: 'org.freedesktop.machine1',
  path: '/org/freedesktop/machine1',
  interface: 'org.freedesktop.machine1.Manager',
};
const MOST_MACHINES = 1_000;

export async function createMachinedClient({ endpoint, timeoutMs, store }: ClientContext): Promise<RuntimeClient> {
  await loadDbus();
  const connection = keepBus(endpoint, timeoutMs);

  async function refresh(): Promise<Refreshed> {
    const bus = await connection.get();
    const machines = await listMachines(bus);
    const settled = await Promise.allSettled(machines.map((machine) => describe(bus, machine)));
    const described = settled.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
    store.retain(new Set(machines.map(([name]) => textOf(name) ?? '')));
    for (const details of described) store.set(details);
    return { version: 'machined', pending: 0 };
  }

  async function follow({ signal, onOpen, onStale }: FollowOptions): Promise<never> {
    const bus = await connection.get();
    await bus.listen(`type='signal',interface='${MANAGER.interface}',path='${MANAGER.path}'`, (one) => {
      if (one.interface === MANAGER.interface) onStale();
    });
    onOpen();
    return untilEnded(bus, signal);
  }

  return { refresh, follow, close: connection.close };
}

/** None where machined does not run. */
async function listMachines(bus: Bus): Promise<readonly (readonly unknown[])[]> {
  try {
    const [machines] = await bus.call({ ...MANAGER, member: 'ListMachines' });
    /** `.host` is this machine itself. */
    return listOf(machines)
      .map(listOf)
      .filter(([name]) => name !== '.host')
      .slice(0, MOST_MACHINES);
  } catch (error) {
    if (error instanceof ApiError && error.failure === 'absent') return [];
    throw error;
  }
}

async function describe(bus: Bus, [name, , service, path]: readonly unknown[]): Promise<WorkloadDetails | undefined> {
  if (typeof name !== 'string' || typeof path !== 'string') return undefined;
  const [[properties], addresses] = await Promise.all([
    bus.call({
      destination: MANAGER.destination,
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'GetAll',
      signature: 's',
      body: ['org.freedesktop.machine1.Machine'],
    }),
    /** Only machines with a network of their own have any; others refuse. */
    bus.call({ ...MANAGER, member: 'GetMachineAddresses', signature: 's', body: [name] }).catch(() => []),
  ]);
  return parseMachine(name, service, properties, addresses[0]);
}

/** Properties in variants: `{Leader: {signature: 'u', value: 407}, …}`; addresses as `[[2, bytes], …]`. */
export function parseMachine(
  machine: unknown,
  service: unknown,
  properties: unknown,
  addresses: unknown,
): WorkloadDetails | undefined {
  const name = textOf(machine);
  if (name === undefined) return undefined;
  const value = (key: string): unknown => at(properties, key, 'value');
  const microseconds = Number(value('Timestamp'));
  return known<WorkloadDetails>({
    runtime: runtimeOf(service),
    id: name,
    name,
    created: microseconds > 0 ? Math.round(microseconds / 1000) : undefined,
    state: textOf(value('State')),
    ipAddresses: addressList(listOf(addresses).map((address) => addressText(listOf(address)[1]))),
    rootfs: pathOf(value('RootDirectory')),
    initPid: pidOf(value('Leader')),
  });
}

function runtimeOf(service: unknown): Runtime {
  if (typeof service !== 'string') return 'nspawn';
  return service.startsWith('libvirt') ? 'libvirt' : service.startsWith('lxc') ? 'lxc' : 'nspawn';
}

/** Four or sixteen bytes. */
function addressText(bytes: unknown): string | undefined {
  const numbers = bytes instanceof Uint8Array ? [...bytes] : listOf(bytes).map(Number);
  if (numbers.length === 4) return numbers.join('.');
  if (numbers.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((numbers[2 * i] ?? 0) * 256 + (numbers[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}
