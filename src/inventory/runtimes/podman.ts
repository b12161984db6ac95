/**
 * podman's own API (libpod): https://docs.podman.io/en/latest/_static/api.html
 *
 *     GET /version                                       {"Components":[{"Name":"Podman Engine","Details":{"APIVersion":"4.3.1"}},…]}
 *     GET /v4.3.1/libpod/containers/json?all=true        paused ones are not in it without `all`
 *     GET /v4.3.1/libpod/containers/ID/json
 *     GET /v4.3.1/libpod/events?stream=true&filters=…
 *
 * The paths have no form without a version. A socket of systemd starts podman for the first request.
 */

import { at, listOf, pidOf, textOf } from '../names/json.ts';
import type { WorkloadDetails } from '../workload.ts';
import { ApiError } from './api-error.ts';
import type { ClientContext, RuntimeClient } from './client.ts';
import {
  addressesOf,
  countOf,
  firstText,
  fromGraphDriver,
  fromLabels,
  hexIdOf,
  known,
  pathOf,
  timeOf,
} from './details.ts';
import { createEngineClient, type Engine, type Get, readEvent } from './engine.ts';

export const createPodmanClient = async (context: ClientContext): Promise<RuntimeClient> =>
  createEngineClient(PODMAN, context);

/** podman refuses a filter by an event that it does not know, so they are chosen here; the many `exec` are left out. */
const CHANGES = new Set([
  'start',
  'died',
  'rename',
  'update',
  'pause',
  'unpause',
  'restart',
  'restore',
  'health_status',
]);

const PODMAN: Engine = {
  greet,
  listPath: '/libpod/containers/json?all=true',
  listed: podmanListed,
  mentioned: podmanPod,
  inspectPath: (id) => `/libpod/containers/${id}/json`,
  inspected: podmanInspected,
  eventsPath: `/libpod/events?stream=true&filters=${encodeURIComponent(JSON.stringify({ type: ['container'] }))}`,
  event(event) {
    const { action = '', id } = readEvent(event) ?? {};
    const hexId = hexIdOf(id);
    const isGone = action === 'remove';
    return hexId !== undefined && (isGone || CHANGES.has(action)) ? { id: hexId, isGone } : undefined;
  },
};

async function greet(get: Get): Promise<{ prefix: string; version: string }> {
  const engine = listOf(at(await get('/version'), 'Components')).find((one) => at(one, 'Name') === 'Podman Engine');
  const api = textOf(at(engine, 'Details', 'APIVersion'));
  if (api === undefined || !/^\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[a-z0-9.]+)?$/.test(api)) {
    throw new ApiError('malformed', 'what answers at the socket of podman is not podman');
  }
  return { prefix: `/v${api}`, version: `Podman ${textOf(at(engine, 'Version')) ?? api}` };
}

/** States in which it has a cgroup. */
const ALIVE = new Set(['running', 'paused', 'stopping', 'restarting']);

/**
 * `{"Id":"…","Names":["db"],"Image":"…","Created":"2026-…","Labels":{…},"Pid":735,"Pod":"…","PodName":"thepod",
 * "State":"running"}`
 */
export function podmanListed(entry: unknown): WorkloadDetails | undefined {
  const id = hexIdOf(at(entry, 'Id'));
  const name = firstText(at(entry, 'Names'));
  const state = textOf(at(entry, 'State'))?.toLowerCase();
  if (id === undefined || name === undefined || state === undefined || !ALIVE.has(state)) return undefined;
  return known<WorkloadDetails>({
    runtime: 'podman',
    id,
    name,
    image: textOf(at(entry, 'Image')),
    ...fromLabels(at(entry, 'Labels')),
    ...podOf(entry),
    created: timeOf(at(entry, 'Created')),
    state,
    initPid: pidOf(at(entry, 'Pid')),
  });
}

function podOf(entry: unknown): Pick<WorkloadDetails, 'pod' | 'podUid'> {
  return known({ pod: textOf(at(entry, 'PodName')), podUid: hexIdOf(at(entry, 'Pod')) });
}

/** The pod that an entry of the list belongs to. */
export function podmanPod(entry: unknown): WorkloadDetails | undefined {
  const { pod, podUid } = podOf(entry);
  if (pod === undefined || podUid === undefined) return undefined;
  return { runtime: 'podman', id: podUid, name: pod, pod, podUid };
}

/**
 * `{"Id":"…","Name":"db","ImageName":"…","Created":"2026-…","Pod":"…","State":{"Status":"running","Pid":735,
 * "CgroupPath":"/machine.slice/libpod-….scope","Health":{"Status":""}},"GraphDriver":{…},"HostConfig":{"NetworkMode":"none"}}`
 * The name of the pod is in the list only.
 */
export function podmanInspected(document: unknown): WorkloadDetails | undefined {
  const id = hexIdOf(at(document, 'Id'));
  const name = textOf(at(document, 'Name'));
  if (id === undefined || name === undefined) return undefined;
  const state = at(document, 'State');
  const driver = fromGraphDriver(at(document, 'GraphDriver'));
  return known<WorkloadDetails>({
    runtime: 'podman',
    id,
    name,
    image: textOf(at(document, 'ImageName')),
    ...fromLabels(at(document, 'Config', 'Labels')),
    ...known({ podUid: hexIdOf(at(document, 'Pod')) }),
    created: timeOf(at(document, 'Created')),
    state: textOf(at(state, 'Status'))?.toLowerCase(),
    restartCount: countOf(at(document, 'RestartCount')),
    /** `Healthcheck` before 4. */
    health: textOf(at(state, 'Health', 'Status')) ?? textOf(at(state, 'Healthcheck', 'Status')),
    networkMode: textOf(at(document, 'HostConfig', 'NetworkMode')),
    ipAddresses: addressesOf(at(document, 'NetworkSettings')),
    ...driver,
    rootfs: pathOf(at(document, 'Rootfs')) ?? driver.rootfs,
    initPid: pidOf(at(state, 'Pid')),
    cgroupPath: pathOf(at(state, 'CgroupPath')),
  });
}
