/**
 * Docker's Engine API: https://docs.docker.com/reference/api/engine/
 *
 *     GET /version                          {"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12",…}
 *     GET /v1.41/containers/json            what has a cgroup: running, paused, restarting
 *     GET /v1.41/containers/ID/json
 *     GET /v1.41/events?filters=…
 *
 * Every request names the version that the daemon offers: daemons refuse versions too old (29: below 1.44) or too new,
 * and paths without one are deprecated. The fields used here are the same in all of them.
 */

import { at, listOf, pidOf, textOf } from '../names/json.ts';
import type { WorkloadDetails } from '../workload.ts';
import { ApiError } from './api-error.ts';
import type { ClientContext, RuntimeClient } from './client.ts';
import {
  addressesOf,
  countOf,
  fromGraphDriver,
  fromLabels,
  hexIdOf,
  known,
  kubernetesName,
  timeOf,
} from './details.ts';
import { createEngineClient, type Engine, type Get, readEvent } from './engine.ts';

export const createDockerClient = async (context: ClientContext): Promise<RuntimeClient> =>
  createEngineClient(DOCKER, context);

/** Actions after which `inspect` says something else. Executions and health checks that change nothing are not among them. */
const CHANGES = ['start', 'die', 'rename', 'update', 'pause', 'unpause', 'restart', 'health_status'];
const ENDS = ['destroy'];

const DOCKER: Engine = {
  greet,
  listPath: '/containers/json',
  listed: dockerListed,
  inspectPath: (id) => `/containers/${id}/json`,
  inspected: dockerInspected,
  eventsPath: `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container'], event: [...CHANGES, ...ENDS] }))}`,
  event(event) {
    const { action = '', id } = readEvent(event) ?? {};
    const hexId = hexIdOf(id);
    if (hexId === undefined || ![...CHANGES, ...ENDS].includes(action)) return undefined;
    return { id: hexId, isGone: ENDS.includes(action) };
  },
};

async function greet(get: Get): Promise<{ prefix: string; version: string }> {
  const answer = await get('/version');
  /** podman-docker puts podman's API where docker's is expected: its own client tells more. */
  const engine = textOf(at(listOf(at(answer, 'Components'))[0], 'Name'));
  if (engine?.startsWith('Podman')) throw new ApiError('absent', 'podman answers at the socket of docker');
  const api = textOf(at(answer, 'ApiVersion'));
  const version = textOf(at(answer, 'Version')) ?? 'of unknown version';
  const isVersion = api !== undefined && /^\d{1,3}\.\d{1,3}$/.test(api);
  return { prefix: isVersion ? `/v${api}` : '', version: `Docker ${version}${isVersion ? ` (API ${api})` : ''}` };
}

/**
 * `{"Id":"…","Names":["/web","/other/alias"],"Image":"nginx","Created":1795574760,"Labels":{…},"State":"running",
 * "HostConfig":{"NetworkMode":"bridge"},"NetworkSettings":{"Networks":{…}}}`
 */
export function dockerListed(entry: unknown): WorkloadDetails | undefined {
  const id = hexIdOf(at(entry, 'Id'));
  /** Links of other containers are names too: `/other/alias`. */
  const own = listOf(at(entry, 'Names')).find((name) => typeof name === 'string' && name.lastIndexOf('/') === 0);
  const name = nameOf(own);
  if (id === undefined || name === undefined) return undefined;
  const labels = fromLabels(at(entry, 'Labels'));
  const seconds = countOf(at(entry, 'Created'));
  return known<WorkloadDetails>({
    runtime: 'docker',
    id,
    name: kubernetesName(labels, name),
    image: textOf(at(entry, 'Image')),
    ...labels,
    created: seconds === undefined ? undefined : seconds * 1000,
    state: textOf(at(entry, 'State')),
    networkMode: textOf(at(entry, 'HostConfig', 'NetworkMode')),
    ipAddresses: addressesOf(at(entry, 'NetworkSettings')),
  });
}

/** `{"Id":"…","Name":"/web","Created":"2026-…","State":{"Status":"running","Pid":407,"Health":{"Status":"healthy"}},…}` */
export function dockerInspected(document: unknown): WorkloadDetails | undefined {
  const id = hexIdOf(at(document, 'Id'));
  const name = nameOf(at(document, 'Name'));
  if (id === undefined || name === undefined) return undefined;
  const labels = fromLabels(at(document, 'Config', 'Labels'));
  return known<WorkloadDetails>({
    runtime: 'docker',
    id,
    name: kubernetesName(labels, name),
    image: textOf(at(document, 'Config', 'Image')),
    ...labels,
    created: timeOf(at(document, 'Created')),
    state: textOf(at(document, 'State', 'Status')),
    restartCount: countOf(at(document, 'RestartCount')),
    health: textOf(at(document, 'State', 'Health', 'Status')),
    networkMode: textOf(at(document, 'HostConfig', 'NetworkMode')),
    ipAddresses: addressesOf(at(document, 'NetworkSettings')),
    storageDriver: textOf(at(document, 'Driver')),
    ...fromGraphDriver(at(document, 'GraphDriver')),
    initPid: pidOf(at(document, 'State', 'Pid')),
  });
}

const nameOf = (value: unknown): string | undefined => textOf(value)?.replace(/^\//, '') || undefined;
