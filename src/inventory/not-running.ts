/** Names of what exists and does not run: it has no cgroup, and so is not among the workloads. */
import { at, textOf } from './names/json.ts';
import { connectBus } from './runtimes/dbus.ts';
import { MANAGER, PROPERTIES } from './runtimes/systemd.ts';
import { getJson } from './runtimes/unix-http.ts';
import type { RuntimeSocket } from './sockets.ts';

/** The user waits, with a command that has failed. */
const PATIENCE_MS = 2000;

/** How each engine is asked for a container, and how its next start is limited, where that is possible. */
const ENGINES: readonly { runtime: RuntimeSocket['runtime']; prefix: string; remedy: string }[] = [
  { runtime: 'docker', prefix: '', remedy: 'docker update limits its next start' },
  { runtime: 'podman', prefix: '/v4.0.0/libpod', remedy: 'start it first' },
];

/**
 * `"web" is a docker container that does not run (exited), …` or the same of a unit of systemd; undefined for a name that
 * nobody knows, or that runs.
 */
export async function notRunning(query: string, sockets: readonly RuntimeSocket[]): Promise<string | undefined> {
  if (!/^[\w@:.-]{1,255}$/.test(query)) return undefined;
  const own = sockets.filter(
    ({ state, uid }) => state === 'usable' && (uid === undefined || uid === process.getuid?.()),
  );
  const answers = own.map(({ runtime, path }) => {
    if (runtime === 'systemd') return unitText(query, path);
    const engine = ENGINES.find((entry) => entry.runtime === runtime);
    return engine && containerText(query, path, engine);
  });
  // Who does not answer knows nothing of it.
  const settled = await Promise.allSettled(answers);
  return settled.flatMap((answer) => (answer.status === 'fulfilled' && answer.value) || [])[0];
}

async function containerText(
  query: string,
  socket: string,
  { runtime, prefix, remedy }: (typeof ENGINES)[number],
): Promise<string | undefined> {
  const found = await getJson(socket, `${prefix}/containers/${encodeURIComponent(query)}/json`, {
    timeoutMs: PATIENCE_MS,
  });
  const state = textOf(at(found, 'State', 'Status'));
  return state === undefined || state === 'running'
    ? undefined
    : `"${query}" is a ${runtime} container that does not run (${state}), so it has no cgroup; ${remedy}`;
}

async function unitText(query: string, socket: string): Promise<string | undefined> {
  const unit = /\.(service|scope|slice|socket|mount|swap)$/.test(query) ? query : `${query}.service`;
  const bus = await connectBus(socket, PATIENCE_MS);
  try {
    const [path] = await bus.call({
      ...MANAGER,
      member: 'LoadUnit',
      signature: 's',
      body: [unit],
    });
    if (typeof path !== 'string') return undefined;
    const property = async (name: string): Promise<string | undefined> => {
      const body = ['org.freedesktop.systemd1.Unit', name];
      const get = { interface: PROPERTIES, member: 'Get', signature: 'ss', body };
      const [value] = await bus.call({ ...MANAGER, path, ...get });
      return textOf(at(value, 'value'));
    };
    const state = await property('ActiveState');
    if ((await property('LoadState')) !== 'loaded' || state === undefined) return undefined;
    return `"${query}" is the unit ${unit}, in which nothing runs (${state}), so it has no cgroup; systemctl set-property ${unit} limits its next start`;
  } finally {
    bus.close();
  }
}
