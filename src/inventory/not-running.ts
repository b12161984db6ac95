/** Why a name is not among the workloads: what it names does not run and has no cgroup, or may not be asked about. */

import { clean } from '../text/clean.ts';
import { at, textOf } from './names/json.ts';
import { remedyFor } from './runtimes/api-error.ts';
import { connectBus } from './runtimes/dbus.ts';
import { property } from './runtimes/systemd.ts';
import { getJson } from './runtimes/unix-http.ts';
import type { RuntimeSocket } from './sockets.ts';
import { MANAGER_OBJECT, unitName } from './units.ts';

/** How long an engine may take: the command has failed already, and the user waits for the reason. */
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
  if (!/^[\w@:.\\-]{1,255}$/.test(query)) return undefined;
  const own = sockets.filter(
    ({ state, uid }) => state === 'usable' && (uid === undefined || uid === process.getuid?.()),
  );
  const answers = own.map(({ runtime, path }) => {
    if (runtime === 'systemd') return unitText(query, path);
    const engine = ENGINES.find((entry) => entry.runtime === runtime);
    return engine && containerText(query, path, engine);
  });
  // An engine that does not answer counts as one that does not know the name.
  const settled = await Promise.allSettled(answers);
  return settled.flatMap((answer) => (answer.status === 'fulfilled' && answer.value) || [])[0];
}

/**
 * `no container, unit or cgroup is called "web", as far as can be seen: …` where an engine's API, which knows the names of
 * its containers, is closed to this user; undefined where none is.
 */
export function unseenText(query: string, sockets: readonly RuntimeSocket[]): string | undefined {
  const closed = sockets.find(
    ({ runtime, state, uid }) =>
      state === 'not permitted' && uid === undefined && ENGINES.some((engine) => engine.runtime === runtime),
  );
  if (!closed) return undefined;
  const { runtime, path } = closed;
  return `no container, unit or cgroup is called "${clean(query)}", as far as can be seen: the API of ${runtime} at ${path} is closed to this user, and with it the names of its containers; ${remedyFor('not permitted', path)}; the id of a container works without (tscg ls shows it)`;
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
  const unit = unitName(query) === query ? query : `${query}.service`;
  const bus = await connectBus(socket, PATIENCE_MS);
  try {
    const [path] = await bus.call({
      ...MANAGER_OBJECT,
      member: 'LoadUnit',
      signature: 's',
      body: [unit],
    });
    if (typeof path !== 'string') return undefined;
    const told = async (name: string): Promise<string | undefined> =>
      textOf(await property(bus, path, 'org.freedesktop.systemd1.Unit', name));
    const state = await told('ActiveState');
    if ((await told('LoadState')) !== 'loaded' || state === undefined) return undefined;
    return `"${query}" is the unit ${unit}, in which nothing runs (${state}), so it has no cgroup; systemctl set-property ${unit} limits its next start`;
  } finally {
    bus.close();
  }
}
