/**
 * systemd's manager, of the system and of a user: https://www.freedesktop.org/software/systemd/man/org.freedesktop.systemd1.html
 *
 *     ListUnitsByPatterns(as states, as patterns) → a(ssssssouso)   name, description, load, active, sub, following, path, …
 *     signals UnitNew(so), UnitRemoved(so), after Subscribe()
 */

import { at, listOf, textOf } from '../names/json.ts';
import { MANAGER_OBJECT, UNIT_KINDS } from '../units.ts';
import type { WorkloadDetails } from '../workload.ts';
import type { ClientContext, FollowOptions, Refreshed, RuntimeClient } from './client.ts';
import { type Bus, connectBus, loadDbus, untilEnded } from './dbus.ts';
import { known } from './details.ts';

/** Of units that have a cgroup. */
const PATTERNS = Object.keys(UNIT_KINDS).map((kind) => `*.${kind}`);
/** States in which a unit may have processes. */
const STATES = ['active', 'reloading', 'activating', 'deactivating', 'refreshing', 'maintenance'];
/** Units come in bursts. */
const BATCH_MS = 100;
/** Names in one question. */
const MOST_ASKED = 500;

export async function createSystemdClient({ endpoint, timeoutMs, store }: ClientContext): Promise<RuntimeClient> {
  await loadDbus();
  const connection = keepBus(endpoint, timeoutMs);

  async function refresh(): Promise<Refreshed> {
    const bus = await connection.get();
    const units = await listUnits(bus, PATTERNS);
    store.retain(new Set(units.map(({ id }) => id)));
    for (const unit of units) store.set(unit);
    return { version: await versionOf(bus), pending: 0 };
  }

  async function follow({ signal, onOpen, onStale }: FollowOptions): Promise<never> {
    const bus = await connection.get();
    const added = new Set<string>();
    let timer: NodeJS.Timeout | undefined;
    const ask = async (): Promise<void> => {
      const names = [...added].slice(0, MOST_ASKED);
      added.clear();
      try {
        for (const unit of await listUnits(bus, names)) store.set(unit);
      } catch {
        onStale();
      }
    };
    await bus.listen(
      `type='signal',interface='${MANAGER_OBJECT.interface}',path='${MANAGER_OBJECT.path}'`,
      ({ member, body }) => {
        const name = unitName(body[0]);
        if (name === undefined) return;
        if (member === 'UnitRemoved') {
          added.delete(name);
          store.delete(name);
        } else if (member === 'UnitNew') {
          added.add(name);
          timer ??= setTimeout(() => {
            timer = undefined;
            void ask();
          }, BATCH_MS).unref();
        }
      },
    );
    await bus.call({ ...MANAGER_OBJECT, member: 'Subscribe' });
    onOpen();
    try {
      return await untilEnded(bus, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  return { refresh, follow, close: connection.close };
}

/** Keeps one connection for as long as it lasts, then opens another. */
export function keepBus(endpoint: string, timeoutMs: number): { get(): Promise<Bus>; close(): void } {
  let opening: Promise<Bus> | undefined;
  let isClosed = false;
  return {
    get() {
      opening ??= connectBus(endpoint, timeoutMs).then(
        (bus) => {
          if (isClosed) bus.close();
          void bus.ended.then(() => {
            opening = undefined;
          });
          return bus;
        },
        (error: unknown) => {
          opening = undefined;
          throw error;
        },
      );
      return opening;
    },
    close() {
      isClosed = true;
      opening?.then((bus) => bus.close()).catch(() => undefined);
    },
  };
}

/** Unlike a question by name, this never loads a unit. systemd takes the patterns with FNM_NOESCAPE, so `\x2d` is itself. */
async function listUnits(bus: Bus, patterns: readonly string[]): Promise<WorkloadDetails[]> {
  const [units] = await bus.call({
    ...MANAGER_OBJECT,
    member: 'ListUnitsByPatterns',
    signature: 'asas',
    body: [STATES, patterns],
  });
  return listOf(units).flatMap((unit) => parseUnit(unit) ?? []);
}

/** `["nginx.service","A high performance web server","loaded","active","running","","/org/freedesktop/systemd1/unit/…",0,"","/"]` */
export function parseUnit(unit: unknown): WorkloadDetails | undefined {
  const [id, description, , active] = listOf(unit);
  const name = unitName(id);
  if (name === undefined) return undefined;
  const text = textOf(description);
  /** Without a Description it is the name. */
  return known<WorkloadDetails>({
    runtime: 'systemd',
    id: name,
    name,
    description: text === name ? undefined : text,
    state: textOf(active),
  });
}

/** As systemctl takes it, escapes and all: identify() gives the same from the path of its cgroup. */
function unitName(value: unknown): string | undefined {
  const name = textOf(value);
  const kind = name === undefined ? '' : name.slice(name.lastIndexOf('.') + 1);
  return Object.hasOwn(UNIT_KINDS, kind) ? name : undefined;
}

async function versionOf(bus: Bus): Promise<string> {
  const version = textOf(await property(bus, MANAGER_OBJECT.path, MANAGER_OBJECT.interface, 'Version'));
  return `systemd ${version ?? 'of unknown version'}`;
}

/** A property's value, out of its variant. */
export async function property(bus: Bus, path: string, interfaceName: string, name: string): Promise<unknown> {
  const [variant] = await bus.call({
    destination: MANAGER_OBJECT.destination,
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [interfaceName, name],
  });
  return at(variant, 'value');
}
