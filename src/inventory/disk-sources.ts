/** Every source of names that needs no daemon, the most telling first. */

import { createContainerdFiles } from './names/containerd.ts';
import { createCrioFiles } from './names/crio.ts';
import { createDockerFiles } from './names/docker.ts';
import { createIncusFiles } from './names/incus.ts';
import { createMachinedFiles } from './names/machined.ts';
import { openPlaces } from './names/places.ts';
import { createPodLogs } from './names/pod-logs.ts';
import { createPodmanFiles } from './names/podman.ts';
import { createRuntimeState } from './names/runtime-state.ts';
import type { NameSource } from './names/source.ts';
import { createUnitFiles } from './names/unit-files.ts';

/** `root`: the folder that is `/` to the runtimes; another one in tests, and for a host mounted into a container. */
export function diskSources(root = '/'): readonly NameSource[] {
  const places = openPlaces(root);
  return [
    createDockerFiles(places),
    createContainerdFiles(places),
    createCrioFiles(places),
    createPodmanFiles(places),
    createPodLogs(places),
    createRuntimeState(places),
    createMachinedFiles(places),
    createIncusFiles(places),
    createUnitFiles(places),
  ];
}
