/** Calls of systemd's manager, org.freedesktop.systemd1.Manager, over the bus whose socket is given. */
import type { Bus } from '../../inventory/runtimes/dbus.ts';

const PATIENCE_MS = 10_000;

const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
};

/** One call, and its reply. Throws ApiError. */
export const callManager = (
  socket: string,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<readonly unknown[]> => withBus(socket, (bus) => bus.call({ ...MANAGER, member, signature, body }));

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
  const { Variant } = await import('@jellybrick/dbus-next');
  const typed = (list: readonly UnitProperty[]): unknown[] =>
    list.map(([name, type, value]) => [name, new Variant(type, value)]);
  await withBus(socket, async (bus) => {
    const finished = new Promise<unknown>((resolve, reject) => {
      bus.ended.then(reject);
      bus
        .listen(`type='signal',interface='${MANAGER.interface}',member='JobRemoved'`, ({ body }) => {
          if (body[2] === unit) resolve(body[3]);
        })
        .then(() =>
          bus.call({
            ...MANAGER,
            member: 'StartTransientUnit',
            signature: 'ssa(sv)a(sa(sv))',
            body: [unit, 'fail', typed(properties), others.map((other) => [other.name, typed(other.properties)])],
          }),
        )
        .catch(reject);
    });
    const result = await finished;
    if (result !== 'done') throw new Error(`systemd could not start ${unit}: the job ended with "${result}"`);
  });
}

/** Name, type on the bus, value. */
export type UnitProperty = readonly [name: string, type: string, value: unknown];

async function withBus<T>(socket: string, use: (bus: Bus) => Promise<T>): Promise<T> {
  const { connectBus } = await import('../../inventory/runtimes/dbus.ts');
  // Neither the connection nor its time-outs keep the process alive; this call must.
  const alive = setInterval(() => {}, PATIENCE_MS);
  let bus: Bus | undefined;
  try {
    bus = await connectBus(socket, PATIENCE_MS);
    return await use(bus);
  } finally {
    clearInterval(alive);
    bus?.close();
  }
}
