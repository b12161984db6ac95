/**
 * Incus and LXD: https://linuxcontainers.org/incus/docs/main/rest-api/
 *
 *     GET /1.0/instances?recursion=1&all-projects=true   {"metadata":[{"name":"web","project":"default","status":"Running","type":"container",…}]}
 *     GET /1.0/instances/web/state?project=default       {"metadata":{"pid":1234,"network":{"eth0":{"addresses":[…]}}}}
 *
 * Its events are a WebSocket, so it is asked again in time.
 */

import { at, listOf, pidOf, textOf } from '../names/json.ts';
import type { WorkloadDetails } from '../workload.ts';
import type { ClientContext, Refreshed, RuntimeClient } from './client.ts';
import { addressList, known, timeOf } from './details.ts';
import { createInspector } from './inspector.ts';
import { getJson } from './unix-http.ts';

const MOST_LISTED = 10_000;

export async function createIncusClient({ endpoint, timeoutMs, store }: ClientContext): Promise<RuntimeClient> {
  const get = (path: string, signal: AbortSignal): Promise<unknown> => getJson(endpoint, path, { timeoutMs, signal });
  /** Of each id the path of its state. */
  const states = new Map<string, string>();
  const inspector = createInspector(async (id, signal) => {
    const path = states.get(id);
    const listed = store.get(id);
    if (path === undefined || listed === undefined) return false;
    store.set({ ...listed, ...incusState(await get(path, signal)) });
    return true;
  });

  async function refresh({ signal }: { signal: AbortSignal }): Promise<Refreshed> {
    const [server, answer] = await Promise.all([
      get('/1.0', signal),
      get('/1.0/instances?recursion=1&all-projects=true', signal),
    ]);
    states.clear();
    for (const instance of listOf(at(answer, 'metadata')).slice(0, MOST_LISTED)) {
      const details = incusInstance(instance);
      if (details === undefined) continue;
      const { id, name, state } = details;
      /** Its pid and addresses may be others by now. */
      if (store.get(id)?.state !== state) inspector.redo(id);
      store.set({ ...store.get(id), ...details });
      states.set(
        id,
        `/1.0/instances/${encodeURIComponent(name)}/state?project=${encodeURIComponent(projectOf(instance))}`,
      );
    }
    const ids = new Set(states.keys());
    store.retain(ids);
    inspector.retain(ids);
    const pending = await inspector.inspect(
      [...ids].filter((id) => !inspector.isDone(id)),
      signal,
    );
    const environment = at(server, 'metadata', 'environment');
    const version = [textOf(at(environment, 'server')) ?? 'Incus', textOf(at(environment, 'server_version'))];
    return { version: version.filter(Boolean).join(' '), pending };
  }

  return { refresh, close: () => undefined };
}

const projectOf = (instance: unknown): string => textOf(at(instance, 'project')) ?? 'default';

/** Its cgroup is lxc.payload.NAME, or lxc.payload.PROJECT_NAME outside the default project. */
export function incusInstance(instance: unknown): WorkloadDetails | undefined {
  const name = textOf(at(instance, 'name'));
  const state = textOf(at(instance, 'status'))?.toLowerCase();
  if (name === undefined || state === undefined || !ALIVE.has(state)) return undefined;
  const project = projectOf(instance);
  return known<WorkloadDetails>({
    runtime: 'incus',
    id: project === 'default' ? name : `${project}_${name}`,
    name,
    description: textOf(at(instance, 'description')),
    image: textOf(at(instance, 'config', 'image.description')),
    ...(project !== 'default' && { namespace: project }),
    created: timeOf(at(instance, 'created_at')),
    state,
  });
}

/** States in which it has a cgroup. */
const ALIVE = new Set(['running', 'frozen', 'freezing', 'thawed', 'ready', 'stopping', 'starting']);

/** Addresses that others can use: `{"eth0":{"addresses":[{"family":"inet","address":"10.1.2.3","scope":"global"}]}}` */
export function incusState(answer: unknown): Partial<WorkloadDetails> {
  const network = at(answer, 'metadata', 'network');
  const cards = typeof network === 'object' && network !== null ? Object.values(network) : [];
  const addresses = cards.flatMap((card) => listOf(at(card, 'addresses')));
  return known({
    initPid: pidOf(at(answer, 'metadata', 'pid')),
    ipAddresses: addressList(addresses.filter((one) => at(one, 'scope') === 'global').map((one) => at(one, 'address'))),
  });
}
