/** The runtimes' APIs as a source of names, beside the files on disk (../names). */
import type { NameSource, Names } from '../names/source.ts';
import type { Identity } from '../workload.ts';
import { known, type WorkloadDetails } from './details.ts';
import type { Runtimes } from './runtimes.ts';

/** `listen`: how to be told the ids that the given runtimes report as changed. */
export function createApiNames(runtimes: Runtimes, listen: (onChange: (id: string) => void) => () => void): NameSource {
  return {
    name: 'runtime APIs',
    matches: ({ kind }) => kind === 'container' || kind === 'pod' || kind === 'machine',
    lookup: async (identity) => namesFrom(detailsOf(runtimes, identity)),
    events: listen,
  };
}

/** Machines go by name, all others by id. */
export function detailsOf(runtimes: Runtimes, { kind, id, name, uid }: Identity): WorkloadDetails | undefined {
  const key = kind === 'machine' || kind === 'unit' || kind === 'slice' ? (name ?? id) : id;
  return key === undefined ? undefined : runtimes.details(key, uid);
}

function namesFrom(details: WorkloadDetails | undefined): Names | undefined {
  if (details === undefined) return undefined;
  const { name, image, pod, namespace, labels, initPid } = details;
  return known({ name, image, pod, namespace, labels, initPid });
}
