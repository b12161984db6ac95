/** What a closer look reads of each cgroup, in the collector's terms. */

import { columnIndex, type FileSpec } from '../../kernel/collector.ts';

const PRESSURE = ['some.total', 'full.total'];
const single = (file: string): FileSpec => ({ file, format: 'single', keys: ['value'] });

export const LOOK_FILES: readonly FileSpec[] = [
  {
    file: 'cpu.stat',
    format: 'flat',
    keys: ['usage_usec', 'nr_periods', 'nr_throttled', 'throttled_usec'],
  },
  { file: 'cpu.stat.local', format: 'flat', keys: ['throttled_usec'] },
  { file: 'cpu.pressure', format: 'pressure', keys: PRESSURE },
  { file: 'memory.pressure', format: 'pressure', keys: PRESSURE },
  { file: 'io.pressure', format: 'pressure', keys: PRESSURE },
  single('memory.current'),
  single('memory.swap.current'),
  { file: 'memory.events.local', format: 'flat', keys: ['high', 'max', 'oom', 'oom_kill'] },
  {
    file: 'memory.stat',
    format: 'flat',
    keys: [
      'anon',
      'file',
      'pgscan',
      'pgsteal',
      'pgmajfault',
      'workingset_refault_anon',
      'workingset_refault_file',
      'pswpin',
      'pswpout',
    ],
  },
  { file: 'io.stat', format: 'devices', keys: ['rbytes', 'wbytes', 'rios', 'wios'] },
  { file: 'pids.events', format: 'flat', keys: ['max'] },
  { file: 'pids.events.local', format: 'flat', keys: ['max'] },
  single('pids.max'),
  { file: 'cgroup.events', format: 'flat', keys: ['populated', 'frozen'] },
  single('cpu.weight'),
  single('cpu.idle'),
  { file: 'cpu.max', format: 'words', keys: ['quota', 'period'] },
  single('memory.min'),
  single('memory.low'),
  single('memory.high'),
  single('memory.max'),
];

const COLUMNS = columnIndex(LOOK_FILES);

/** Column of `file:key`; a name that is not in LOOK_FILES is a programming error. */
export function lookColumn(ref: string): number {
  const index = COLUMNS.get(ref);
  if (index === undefined) throw new Error(`no figure ${ref} in a look`);
  return index;
}

const fileIndex = (file: string): number => LOOK_FILES.findIndex((spec) => spec.file === file);

export const maskOf = (...files: readonly string[]): number =>
  files.reduce((mask, file) => mask | (1 << fileIndex(file)), 0);

export const EVERY_FILE = LOOK_FILES.reduce((mask, _, index) => mask | (1 << index), 0);
