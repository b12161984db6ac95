/** A machine of files, as a real one had them once, on which something happens in every second. */

import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hierarchy } from '../../src/kernel/hierarchy.ts';

const CAPTURE = new URL('../fixtures/debian-6.12', import.meta.url);
const ROOT = '/tscg-capture';

/** Cgroups of it: one that its quota holds up, and one in which the OOM killer was. */
export const [HELD_UP, KILLED] = [`${ROOT}/throttled`, `${ROOT}/oom`];

export interface MachineOfFiles {
  readonly hierarchy: Hierarchy;
  readonly proc: string;
  readonly sys: string;
  /** What happens in the second of that number. */
  pass(second: number): void;
}

export function machineOfFiles(directory: string): MachineOfFiles {
  // The links of /proc/PID/ns lead nowhere: their text is what they tell.
  cpSync(CAPTURE, directory, { recursive: true, verbatimSymlinks: true });
  const [mount, proc] = [join(directory, 'cgroup'), join(directory, 'proc')];
  const at = (path: string): string => join(mount, ROOT, path);
  const happenings: Readonly<Record<number, () => void>> = {
    4: () => writeFileSync(at('boxed/memory.max'), '67108864\n'),
    5: () => writeFileSync(at('frozen/cgroup.events'), 'populated 1\nfrozen 0\n'),
    8: () => {
      for (const cgroup of [at('oom'), at('')]) raise(join(cgroup, 'memory.events'), 'oom_kill ', 2);
    },
    9: () => rmSync(at('pod/container'), { recursive: true }),
    10: () => cpSync(at('memory'), at('new'), { recursive: true }),
    // Its inode is taken as long as it is there, so that the one at its path in the next second has another one.
    11: () => renameSync(at('pool/worker'), join(directory, 'worker')),
    12: () => cpSync(join(directory, 'worker'), at('pool/worker'), { recursive: true }),
    // Gone with the process that the OOM killer ended in it.
    14: () => {
      raise(at('memory.events'), 'oom_kill ', 1);
      rmSync(at('new'), { recursive: true });
    },
    15: () => appendFileSync(at('disk/io.stat'), '254:16 rbytes=1048576 wbytes=0 rios=9 wios=0 dbytes=0 dios=0\n'),
  };
  return {
    hierarchy: { mount, root: '/', options: [], readOnly: false, mode: 'unified', namespaced: false },
    proc,
    sys: join(directory, 'sys'),
    pass: (second) => {
      raise(at('busy/cpu.stat'), 'usage_usec ', 700 + second);
      raise(at('throttled/cpu.stat'), 'usage_usec ', 90 * second);
      raise(at('throttled/cpu.stat'), 'nr_periods ', 10);
      raise(at('throttled/cpu.stat'), 'nr_throttled ', 9);
      raise(at('throttled/cpu.stat'), 'throttled_usec ', 4000 + second);
      raise(at('throttled/cpu.pressure'), 'total=', 1000 * (1 + (second % 4)));
      raise(at('memory/memory.stat'), 'anon ', 4096 * second);
      raise(at('memory/memory.current'), '', 4096 * second);
      raise(at('disk/io.stat'), 'wbytes=', 8192 * second);
      raise(join(proc, 'stat'), 'cpu  ', 3 * second);
      raise(join(proc, 'pressure/cpu'), 'total=', 500 * second);
      happenings[second]?.();
    },
  };
}

/** Raises the first figure after that text. */
function raise(path: string, before: string, by: number): void {
  const text = readFileSync(path, 'utf8');
  const start = text.indexOf(before) + before.length;
  const [figure = ''] = /^\d+/.exec(text.slice(start)) ?? [];
  if (figure === '') throw new Error(`${path} has no figure after "${before}"`);
  writeFileSync(path, `${text.slice(0, start)}${Number(figure) + by}${text.slice(start + figure.length)}`);
}
