/** systemd-machined: /run/systemd/machines/NAME, which knows the leader's pid of nspawn's and libvirt's machines. */

import { join } from 'node:path';
import { unescapeUnit } from '../identity.ts';
import type { Places } from './places.ts';
import { createReadSmall, parsePid } from './small-file.ts';
import type { NameSource, Names } from './source.ts';

export function createMachinedFiles({ root }: Places): NameSource {
  const readMachine = createReadSmall(parseMachineFile);
  return {
    name: 'machined files',
    matches: ({ kind, runtime }) => kind === 'machine' && (runtime === 'nspawn' || runtime === 'libvirt'),
    async lookup(_, path) {
      const machine = machineName(path);
      return machine === undefined ? undefined : readMachine(join(root, 'run/systemd/machines', machine));
    },
  };
}

/** As machined calls it, which for libvirt is `qemu-1-web`. Names of machines are host names: nothing that leads elsewhere. */
function machineName(path: string): string | undefined {
  const [, escaped] = /\/(?:machine-|systemd-nspawn@)([^/]+)\.(?:scope|service)$/.exec(path) ?? [];
  const machine = escaped === undefined ? '' : unescapeUnit(escaped);
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/.test(machine) ? machine : undefined;
}

/** Lines of `KEY=value`: NAME, SCOPE, SERVICE, ROOT, LEADER, CLASS, … */
function parseMachineFile(text: string): Names | undefined {
  const leader = /^LEADER=(\d+)$/m.exec(text)?.[1];
  const initPid = leader === undefined ? undefined : parsePid(leader);
  return initPid === undefined ? undefined : { initPid };
}
