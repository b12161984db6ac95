/** Calls of systemd's manager, org.freedesktop.systemd1.Manager, over the bus whose socket is given. */

import type { Bus } from '../../inventory/runtimes/dbus.ts';
import { MANAGER_OBJECT, UNIT_KINDS } from '../../inventory/units.ts';

const PATIENCE_MS = 10_000;

/** Name, type on the bus, value. */
export type UnitProperty = readonly [name: string, type: string, value: unknown];

/** One call, and its reply. Throws ApiError. */
export const callManager = (
  socket: string,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<readonly unknown[]> => withBus(socket, (bus) => bus.call({ ...MANAGER_OBJECT, member, signature, body }));

/** `runtime`: until the next boot. Throws ApiError. */
export async function setUnitProperties(
  socket: string,
  unit: string,
  runtime: boolean,
  properties: readonly UnitProperty[],
): Promise<void> {
  await callManager(socket, 'SetUnitProperties', 'sba(sv)', [unit, runtime, await variants(properties)]);
}

/** Path of the unit's cgroup as the manager has it; empty for one that has none, or that is not known. Throws ApiError. */
export async function controlGroupOf(socket: string, unit: string): Promise<string> {
  const kind = UNIT_KINDS[unit.slice(unit.lastIndexOf('.') + 1)];
  const path = `${MANAGER_OBJECT.path}/unit/${objectName(unit)}`;
  const { property } = await import('../../inventory/runtimes/systemd.ts');
  const group = await withBus(socket, (bus) =>
    property(bus, path, `${MANAGER_OBJECT.destination}.${kind}`, 'ControlGroup'),
  );
  return typeof group === 'string' ? group : '';
}

/** What a unit may have of tasks where its own file says nothing, as the text of `pids.max`. Throws ApiError. */
export async function defaultTasksMax(socket: string): Promise<string | undefined> {
  const { path, interface: name } = MANAGER_OBJECT;
  const { property } = await import('../../inventory/runtimes/systemd.ts');
  const tasks = await withBus(socket, (bus) => property(bus, path, name, 'DefaultTasksMax'));
  return typeof tasks === 'bigint' || typeof tasks === 'number' ? String(tasks) : undefined;
}

/** `web_2eservice`: in the path of an object each byte but a letter or digit is `_` and its number (bus_label_escape). */
export const objectName = (unit: string): string =>
  unit.replace(/^\d|[^A-Za-z0-9]/g, (char) => `_${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

/**
 * Starts a transient unit and waits until systemd has done so. `type` says what a property is on the bus (`t`, `as`).
 * Throws ApiError, or Error where the job did not succeed.
 */
export async function startTransientUnit(
  socket: string,
  unit: string,
  properties: readonly UnitProperty[],
  others: readonly { readonly name: string; readonly properties: readonly UnitProperty[] }[] = [],
): Promise<void> {
  const typed = await variants(properties);
  const typedOthers = await Promise.all(others.map(async (other) => [other.name, await variants(other.properties)]));
  const { connectBus } = await import('../../inventory/runtimes/dbus.ts');
  await keptAlive(async () => {
    const bus = await connectBus(socket, PATIENCE_MS);
    const finished = new Promise<unknown>((resolve, reject) => {
      bus.ended.then(reject);
      bus
        .listen(`type='signal',interface='${MANAGER_OBJECT.interface}',member='JobRemoved'`, ({ body }) => {
          if (body[2] === unit) resolve(body[3]);
        })
        .then(() =>
          bus.call({
            ...MANAGER_OBJECT,
            member: 'StartTransientUnit',
            signature: 'ssa(sv)a(sa(sv))',
            body: [unit, 'fail', typed, typedOthers],
          }),
        )
        .catch(reject);
    });
    try {
      const result = await finished;
      if (result !== 'done')
        throw new Error(
          `systemd could not start ${unit}: the job ended with "${result}"; journalctl -u ${unit} says why`,
        );
    } finally {
      bus.close();
    }
  });
}

async function variants(properties: readonly UnitProperty[]): Promise<unknown[]> {
  const { Variant } = await import('@jellybrick/dbus-next');
  return properties.map(([name, type, value]) => [name, new Variant(type, value)]);
}

/** A change asks, sets and reads within moments: its calls share one connection, which is closed once it is idle. */
const IDLE_MS = 1_000;

const connections = new Map<string, { readonly bus: Promise<Bus>; idle?: NodeJS.Timeout }>();

function connectionTo(socket: string): Promise<Bus> {
  const open = connections.get(socket);
  clearTimeout(open?.idle);
  if (open) return open.bus;
  const bus = import('../../inventory/runtimes/dbus.ts').then(({ connectBus }) => connectBus(socket, PATIENCE_MS));
  connections.set(socket, { bus });
  const forget = (): void => {
    if (connections.get(socket)?.bus === bus) connections.delete(socket);
  };
  bus.then(({ ended }) => ended.then(forget), forget);
  return bus;
}

async function withBus<T>(socket: string, use: (bus: Bus) => Promise<T>): Promise<T> {
  return keptAlive(async () => {
    const opening = connectionTo(socket);
    const bus = await opening;
    try {
      return await use(bus);
    } finally {
      const connection = connections.get(socket);
      if (connection?.bus === opening) {
        clearTimeout(connection.idle);
        connection.idle = setTimeout(() => bus.close(), IDLE_MS).unref();
      }
    }
  });
}

/** Neither a connection nor its time-outs keep the process alive; a call must. */
async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, PATIENCE_MS);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}
