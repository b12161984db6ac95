/**
 * systemd over D-Bus: Manager.SetUnitProperties(s unit, b runtime, a(sv) properties) of org.freedesktop.systemd1, on the
 * system bus, or on a user's bus for the units of a user manager. Property types: man org.freedesktop.systemd1.
 */

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Bus } from '../../inventory/runtimes/dbus.ts';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { errorText } from '../../text/error-text.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { linesByKey } from '../catalogue/lines.ts';
import type { Write } from '../model.ts';

import { type Owner, OwnerError, permissionRemedy } from './owner.ts';
import { hasProperty, keepable, onBus, type Property, propertiesOf } from './systemd-properties.ts';

/** `bus`: path of the bus's socket. */
export const systemdOwner = (bus: string, files: CgroupFiles): Owner => ({
  name: 'systemd',
  sets: hasProperty,
  describe: (file, text) => {
    const properties = propertiesOf(file, text);
    return properties.length === 0 ? undefined : textOf(properties);
  },
  keeps: keepable,
  confirm: async () => {},
  apply: async (writes) => {
    const [{ subject = '', persist = false } = {}] = writes;
    const properties = writes.flatMap(({ file, after }) => propertiesOf(file, after));
    try {
      const user = otherUser(bus);
      if (user) await setAsUser(user, subject, !persist, properties);
      else await setUnitProperties(bus, subject, !persist, properties);
    } catch (error) {
      const text = errorText(error);
      throw new OwnerError(
        `systemctl set-property ${subject} ${textOf(properties)}: ${text}${permissionRemedy(text)}`,
        { cause: error },
      );
    }
    for (const write of writes) removeLines(write, files);
  },
});

/** Files with a line a device, of which systemd forgets those that its property no longer has, and leaves them to the kernel. */
const FORGOTTEN: ReadonlySet<string> = new Set(['io.weight', 'io.latency']);

function removeLines({ path, inode, file, before, after, ended }: Write, files: CgroupFiles): void {
  if (!FORGOTTEN.has(file) || ended) return;
  const kept = linesByKey(after);
  const removed = [...linesByKey(before)].filter(([key]) => !kept.has(key)).map(([, line]) => line);
  for (const command of findLimit(file)?.commands?.(removed.join('\n'), '') ?? [])
    files.write(path, inode, file, command);
}

const textOf = (properties: readonly Property[]): string => properties.flatMap(({ text }) => text || []).join(' ');

const PATIENCE_MS = 10_000;

async function setUnitProperties(
  socket: string,
  unit: string,
  runtime: boolean,
  properties: readonly Property[],
): Promise<void> {
  const [{ connectBus }, { Variant }] = await Promise.all([
    import('../../inventory/runtimes/dbus.ts'),
    import('@jellybrick/dbus-next'),
  ]);
  // Neither the connection nor its time-outs keep the process alive; this call must.
  const alive = setInterval(() => {}, PATIENCE_MS);
  let bus: Bus | undefined;
  try {
    bus = await connectBus(socket, PATIENCE_MS);
    await bus.call({
      destination: 'org.freedesktop.systemd1',
      path: '/org/freedesktop/systemd1',
      interface: 'org.freedesktop.systemd1.Manager',
      member: 'SetUnitProperties',
      signature: 'sba(sv)',
      body: [unit, runtime, properties.map(onBus).map(([name, type, value]) => [name, new Variant(type, value)])],
    });
  } finally {
    clearInterval(alive);
    bus?.close();
  }
}

interface BusUser {
  readonly uid: number;
  readonly gid: number;
  readonly runtimeDirectory: string;
}

/** The owner of a user's bus, which lets in nobody else, root included; undefined where it is ours or the system's. */
function otherUser(socket: string): BusUser | undefined {
  if (!socket.startsWith('/run/user/')) return undefined;
  const { uid, gid } = statSync(socket);
  return uid === process.getuid?.() ? undefined : { uid, gid, runtimeDirectory: dirname(socket) };
}

/** Root becomes that user for one command. */
async function setAsUser(
  { uid, gid, runtimeDirectory }: BusUser,
  unit: string,
  runtime: boolean,
  properties: readonly Property[],
): Promise<void> {
  const { execFile } = await import('node:child_process');
  const args = [
    '--user',
    'set-property',
    ...(runtime ? ['--runtime'] : []),
    unit,
    ...properties.flatMap(({ assignments }) => assignments),
  ];
  await promisify(execFile)('systemctl', args, {
    uid,
    gid,
    timeout: PATIENCE_MS,
    env: {
      PATH: process.env.PATH,
      XDG_RUNTIME_DIR: runtimeDirectory,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtimeDirectory}/bus`,
    },
  });
}
