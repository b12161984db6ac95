/**
 * Virtual machines of libvirt, from what its qemu driver keeps on disk; its socket speaks a protocol of its own:
 *
 *     /run/libvirt/qemu/web.xml    <domstatus state='running' reason='booted' pid='1234'>…<domain type='kvm' id='3'><name>web</name>…
 */

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pidOf, textOf } from '../names/json.ts';
import { createReadSmall } from '../names/small-file.ts';
import type { WorkloadDetails } from '../workload.ts';
import { connectionError } from './api-error.ts';
import type { ClientContext, Refreshed, RuntimeClient } from './client.ts';
import { known } from './details.ts';

const MOST_MACHINES = 1_000;

/** `endpoint`: its socket, /run/libvirt/libvirt-sock. */
export async function createLibvirtClient({ endpoint, store }: ClientContext): Promise<RuntimeClient> {
  const folder = join(dirname(endpoint), 'qemu');
  const read = createReadSmall(parseDomainStatus);

  async function refresh(): Promise<Refreshed> {
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      throw connectionError(folder, 'the status of its machines', error);
    }
    const files = names.filter((name) => name.endsWith('.xml')).slice(0, MOST_MACHINES);
    const machines = (await Promise.all(files.map((name) => read(join(folder, name))))).flatMap((one) => one ?? []);
    store.retain(new Set(machines.map(({ id }) => id)));
    for (const machine of machines) store.set(machine);
    return { version: `libvirt, from ${folder}`, pending: 0 };
  }

  return { refresh, close: () => undefined };
}

/** Machines go by their names, as in machine-qemu\x2d3\x2dweb.scope. */
export function parseDomainStatus(xml: string): WorkloadDetails | undefined {
  const [, attributes] = /<domstatus\s([^>]*)>/.exec(xml) ?? [];
  const name = textOf(decode(/<domain\s[^>]*>\s*<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? ''));
  if (attributes === undefined || name === undefined) return undefined;
  return known<WorkloadDetails>({
    runtime: 'libvirt',
    id: name,
    name,
    description: textOf(decode(/<title>([^<]*)<\/title>/.exec(xml)?.[1] ?? '')),
    state: textOf(/\bstate='([^']*)'/.exec(attributes)?.[1]),
    initPid: pidOf(Number(/\bpid='(\d{1,10})'/.exec(attributes)?.[1])),
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const decode = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
