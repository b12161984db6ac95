/**
 * What the OCI runtimes themselves keep, below every engine: /run/runc/ID/state.json, /run/crun/ID/status. They know the
 * init's pid, and runc the annotations too, as its labels.
 */

import { join } from 'node:path';
import { namesFromAnnotations } from './annotations.ts';
import { at, listOf, parseJson, pidOf } from './json.ts';
import { firstOf, idComponent, type Places, runFolders } from './places.ts';
import { createReadFolder, createReadSmall } from './small-file.ts';
import type { NameSource, Names } from './source.ts';

/** Folders of runc's containers; containerd keeps one for each of its namespaces. */
const RUNC = ['run/runc', 'run/docker/runtime-runc/moby', 'run/runc-ctrs'];
const RUNC_OF_CONTAINERD = ['run/containerd/runc', 'run/k3s/containerd/runc'];
const CRUN = ['run/crun', 'run/docker/runtime-crun/moby'];

export function createRuntimeState(places: Places): NameSource {
  const readFolder = createReadFolder();
  const readRunc = createReadSmall(parseRuncState);
  const readCrun = createReadSmall(parseCrunStatus);
  return {
    name: 'runc and crun state',
    matches: ({ kind, id }) => kind === 'container' && id !== undefined,
    async lookup({ id, uid }) {
      const component = idComponent(id);
      if (component === undefined) return undefined;
      const crun = runFolders(places, CRUN, ['crun'], uid).map((folder) => join(folder, component, 'status'));
      const runc = runFolders(places, RUNC, ['runc', 'docker/runtime-runc/moby'], uid);
      const engines = runFolders(places, RUNC_OF_CONTAINERD, [], uid);
      for (const folder of engines)
        runc.push(...(await readFolder(folder)).map((namespace) => join(folder, namespace)));
      const states = runc.map((folder) => join(folder, component, 'state.json'));
      return (await firstOf(crun, readCrun)) ?? (await firstOf(states, readRunc));
    },
  };
}

/** `{"id":"…","init_process_pid":1234,"config":{"labels":["bundle=/run/…","io.kubernetes.pod.name=web",…]},…}` */
export function parseRuncState(text: string): Names | undefined {
  const state = parseJson(text);
  const initPid = pidOf(at(state, 'init_process_pid'));
  const labels = listOf(at(state, 'config', 'labels')).flatMap((label): [string, string][] => {
    const [, key, value] = typeof label === 'string' ? (/^([^=]+)=(.*)$/s.exec(label) ?? []) : [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  });
  const names = { ...namesFromAnnotations(Object.fromEntries(labels)), ...(initPid !== undefined && { initPid }) };
  return Object.keys(names).length > 0 ? names : undefined;
}

/** `{"pid":1234,"cgroup-path":"/…","scope":"libpod-….scope","bundle":"/…","systemd-cgroup":true,…}` */
export function parseCrunStatus(text: string): Names | undefined {
  const initPid = pidOf(at(parseJson(text), 'pid'));
  return initPid === undefined ? undefined : { initPid };
}
