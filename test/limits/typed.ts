/** Command lines of `tscg set` as Plans, on files in memory. */

import { BadValueError } from '../../src/limits/catalogue/units.ts';
import type { Devices, Plan, PlanContext } from '../../src/limits/model.ts';
import { editsOf } from '../../src/limits/planning/edits.ts';
import { planSet } from '../../src/limits/planning/plan.ts';
import { contextOf, fakeFiles } from './fake-files.ts';

/** A machine of two disks, sda (8:0) with a partition, and sdb (8:16). */
export const DEVICES: Devices = {
  disksOf: (text) => {
    const disk = { '/dev/sda': '8:0', '8:0': '8:0', '/dev/sda1': '8:0', sdb: '8:16', '/dev/sdb': '8:16' }[text];
    if (disk === undefined) throw new BadValueError(`"${text}" is not there`);
    return {
      disks: [{ device: disk, name: disk === '8:0' ? 'sda' : 'sdb' }],
      ...(text === '/dev/sda1' ? { note: 'sda1 is a partition of sda' } : {}),
    };
  },
};

/** Every file of the catalogue with the text that it has in a new cgroup. */
export const FRESH: Readonly<Record<string, string>> = {
  'cpu.max': 'max 100000',
  'cpu.max.burst': '0',
  'cpu.weight': '100',
  'cpu.weight.nice': '0',
  'cpu.idle': '0',
  'cpu.uclamp.min': '0.00',
  'cpu.uclamp.max': 'max',
  'cpuset.cpus': '',
  'cpuset.mems': '',
  'cpuset.cpus.partition': 'member',
  'memory.max': 'max',
  'memory.high': 'max',
  'memory.low': '0',
  'memory.min': '0',
  'memory.swap.max': 'max',
  'memory.swap.high': 'max',
  'memory.zswap.max': 'max',
  'memory.zswap.writeback': '1',
  'memory.oom.group': '0',
  'memory.current': '0',
  'io.max': '',
  'io.weight': 'default 100',
  'io.latency': '',
  'io.prio.class': 'no-change',
  'io.cost.qos': '',
  'pids.max': 'max',
  'pids.current': '1',
  'hugetlb.2MB.max': 'max',
  'hugetlb.1GB.max': '9223372036854771712',
  'hugetlb.64KB.max': 'max',
  'misc.max': 'sev max\nsev_es max',
  'rdma.max': 'mlx5_0 hca_handle=max hca_object=max',
  'dmem.max': 'drm/0000:03:00.0/vram0 max\ndrm/0000:03:00.0/stolen max',
};

export const boxOf = (texts: Readonly<Record<string, string>>, path = '/box'): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([file, text]) => [`${path}/${file}`, text]));

/** `words`: flags and values in turn, `-p` for a property. */
export function planOf(context: PlanContext, words: readonly string[], path = '/box', devices = DEVICES): Plan {
  const values = new Map<string, string[]>();
  for (let at = 0; at < words.length; at += 2) {
    const flag = words[at] ?? '';
    values.set(flag, [...(values.get(flag) ?? []), words[at + 1] ?? '']);
  }
  const edits = editsOf((long) => values.get(long) ?? [], values.get('-p') ?? [], context.machine, devices);
  return planSet([{ target: { kind: 'cgroup', name: 'box', path, inode: 7 }, edits }], context);
}

/** `file=text` of every write, on a fresh cgroup with some files as given; one that is undefined is missing. */
export function writesOf(words: readonly string[], texts: Readonly<Record<string, string | undefined>> = {}): string[] {
  const { writes } = planOf(contextOf(fakeFiles(boxOf(present({ ...FRESH, ...texts })))), words);
  return writes.map(({ file, after }) => `${file}=${after}`);
}

const present = (texts: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])));
