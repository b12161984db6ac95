/**
 * systemd over D-Bus: Manager.SetUnitProperties(s unit, b runtime, a(sv) properties) of org.freedesktop.systemd1, on the
 * system bus, or on a user's bus for the units of a user manager. Property types: man org.freedesktop.systemd1.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Bus } from '../../inventory/runtimes/dbus.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { type Owner, OwnerError } from './owner.ts';

/** systemd's "no limit" in a property of type t. */
const INFINITY = 2n ** 64n - 1n;
const USEC_PER_SECOND = 1_000_000;
/** CPUQuota= is kept as whole percents, so a value between two would change at the next daemon-reload. */
const QUOTA_STEP_USEC = 10_000;

type Properties = readonly (readonly [name: string, value: bigint])[];

const single =
  (name: string) =>
  (text: string): Properties => [[name, text === 'max' ? INFINITY : BigInt(text)]];

const PROPERTIES: Readonly<Record<string, (text: string) => Properties>> = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    const perSecond = quota === NO_LIMIT ? INFINITY : BigInt(Math.round((quota / period) * USEC_PER_SECOND));
    return [
      ['CPUQuotaPerSecUSec', perSecond],
      ['CPUQuotaPeriodUSec', BigInt(period)],
    ];
  },
  'cpu.weight': single('CPUWeight'),
  'memory.max': single('MemoryMax'),
  'memory.high': single('MemoryHigh'),
  'memory.low': single('MemoryLow'),
  'memory.min': single('MemoryMin'),
  'memory.swap.max': single('MemorySwapMax'),
  'pids.max': single('TasksMax'),
};

/** `bus`: path of the bus's socket. */
export const systemdOwner = (bus: string): Owner => ({
  name: 'systemd',
  sets: (file) => file in PROPERTIES,
  describe: (file, text) => {
    const properties = PROPERTIES[file]?.(text);
    return properties?.map(([name, value]) => `${name}=${value === INFINITY ? 'infinity' : value}`).join(' ');
  },
  keeps: (file, text) => {
    if (file !== 'cpu.max') return text;
    const { quota, period } = parseCpuMax(text);
    if (quota === NO_LIMIT) return text;
    const perSecond = Math.ceil(Math.round((quota / period) * USEC_PER_SECOND) / QUOTA_STEP_USEC) * QUOTA_STEP_USEC;
    return `${Math.round((perSecond / USEC_PER_SECOND) * period)} ${period}`;
  },
  apply: async (writes) => {
    const [{ subject = '', persist = false } = {}] = writes;
    const properties = writes.flatMap(({ file, after }) => PROPERTIES[file]?.(after) ?? []);
    try {
      const user = otherUser(bus);
      if (user) await setAsUser(user, subject, !persist, properties);
      else await setUnitProperties(bus, subject, !persist, properties);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const remedy = /auth|denied|permi/i.test(text)
        ? ' (run with sudo, or allow org.freedesktop.systemd1.manage-units in polkit)'
        : '';
      const named = properties.map(([name, value]) => `${name}=${value}`).join(' ');
      throw new OwnerError(`systemctl set-property ${subject} ${named}: ${text}${remedy}`);
    }
  },
});

const PATIENCE_MS = 10_000;

async function setUnitProperties(
  socket: string,
  unit: string,
  runtime: boolean,
  properties: Properties,
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
      body: [unit, runtime, properties.map(([name, value]) => [name, new Variant('t', value)])],
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
  properties: Properties,
): Promise<void> {
  const { execFile } = await import('node:child_process');
  const args = ['--user', 'set-property', ...(runtime ? ['--runtime'] : []), unit, ...properties.map(assignment)];
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

/** A property as unit files and systemctl spell it. */
function assignment([name, value]: Properties[number]): string {
  if (name === 'CPUQuotaPeriodUSec') return `CPUQuotaPeriodSec=${value}us`;
  if (name === 'CPUQuotaPerSecUSec')
    return `CPUQuota=${value === INFINITY ? '' : `${Number(value) / QUOTA_STEP_USEC}%`}`;
  return `${name}=${value === INFINITY ? 'infinity' : value}`;
}
