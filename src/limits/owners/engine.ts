/** What docker's and podman's APIs have in common for an owner: the document of a container, which tells its first process. */

import { at, pidOf } from '../../inventory/names/json.ts';
import type { Write } from '../model.ts';
import { confirmInit, type ProcessPlaces } from './init-process.ts';
import { askOwner, ENGINE_PATIENCE_MS } from './owner.ts';

export interface EngineApi {
  readonly engine: 'docker' | 'podman';
  readonly socket: string;
  /** Before `/containers/ID/json`. */
  readonly prefix: string;
}

/** `{"State":{"Running":true,"Pid":407}}`; the pid of what does not run is 0. Throws NotOwnerError, OwnerError. */
export async function confirmContainer(api: EngineApi, write: Write, places: ProcessPlaces): Promise<void> {
  const { engine, socket, prefix } = api;
  const { subject } = write;
  const what = `the ${engine} container ${subject.slice(0, 12)}`;
  const document = await askOwner(what, async () => {
    const { getJson } = await import('../../inventory/runtimes/unix-http.ts');
    return getJson(socket, `${prefix}/containers/${subject}/json`, { timeoutMs: ENGINE_PATIENCE_MS });
  });
  confirmInit({ what, id: subject, pid: pidOf(at(document, 'State', 'Pid')) }, write, places);
}
