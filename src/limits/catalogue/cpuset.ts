/** Limits of the cpuset controller: where it may run, and memory of which NUMA nodes it gets. */

import { parentOf } from '../../kernel/cgroup-path.ts';
import { formatCpuList, isCpuList, parseCpuList, parsePartition } from '../../kernel/cpuset.ts';
import { shellWord } from '../../text/shell-word.ts';
import type { Limit, RiskCheck } from '../model.ts';
import { become, homeOf, trimmed, warning } from './limit.ts';
import { BadValueError } from './units.ts';

/** `0,1,2` and `0-2` are one list. */
const canonical = (text: string): string => formatCpuList(parseCpuList(text));

/** The kernel refuses an id that the machine does not have, and ignores one that the parent does not have. */
const noSuchId: RiskCheck = ({ path, file, after }, { read }) => {
  const what = file === 'cpuset.cpus' ? 'CPU' : 'NUMA node';
  const wanted = parseCpuList(after);
  const machine = read('/', `${file}.effective`);
  const lacking = machine === undefined ? [] : wanted.filter((id) => !parseCpuList(machine).includes(id));
  if (lacking.length > 0) {
    return {
      level: 'refuse',
      text: `this machine has no ${what} ${formatCpuList(lacking)}, or it is offline; it has ${machine}`,
    };
  }
  const parent = parentOf(path);
  const given = read(parent, `${file}.effective`);
  const beyond = given === undefined ? [] : wanted.filter((id) => !parseCpuList(given).includes(id));
  if (beyond.length === 0) return undefined;
  const rest = beyond.length === wanted.length ? `it runs on all of ${given} instead` : 'only the others are used';
  return warning(`${parent} has no ${what} ${formatCpuList(beyond)}: ${rest}`);
};

function listLimit(file: 'cpuset.cpus' | 'cpuset.mems', long: string, help: string, what: string): Limit {
  return {
    ...homeOf(file),
    flags: [
      {
        long,
        value: '<list>',
        help,
        parse: (text) => {
          if (['', 'max', 'all'].includes(text)) return become('');
          if (!isCpuList(text) || canonical(text) === '' || /^[,\s]|[,\s]$|,\s*,/.test(text))
            throw new BadValueError(`"${text}" is not a list of ${what}; give one as 0-3,8 or max for all`);
          return become(canonical(text));
        },
      },
    ],
    unset: '',
    binds: { by: 'effective-file', file: `${file}.effective` },
    risks: [noSuchId],
    rounded: canonical,
    same: (text, written) => canonical(text) === canonical(written),
    // An empty write changes nothing; a newline clears the list.
    commands: (_, after) => [after === '' ? '\n' : after],
    // A list that holds tasks cannot be emptied again (ENOSPC): what it then inherits is set instead.
    restorable: (text, parent) => (text === '' ? (parent(`${file}.effective`)?.trim() ?? text) : text),
    describe: (text) => (text.trim() === '' ? `${what} of the parent` : `${what} ${text.trim()}`),
  };
}

const PARTITIONS = ['member', 'root', 'isolated'];

/** The write succeeds, but the file then says `root invalid (…)`, which fails the verification. */
const parentIsNone: RiskCheck = ({ path, file, after }, { read }) => {
  const wanted = parsePartition(after);
  if (wanted === undefined || wanted.type === 'member' || !wanted.valid) return undefined;
  const parent = parentOf(path);
  const around = parsePartition(read(parent, file) ?? '');
  if (parent === '/' || around === undefined || around.type !== 'member') return undefined;
  return warning(
    `${parent} is not a partition itself, so the kernel may refuse to make ${path} one; the change is then taken back`,
    `first: tscg set ${shellWord(parent)} --cpuset-partition root`,
  );
};

const partition: Limit = {
  ...homeOf('cpuset.cpus.partition'),
  risks: [parentIsNone],
  flags: [
    {
      long: '--cpuset-partition',
      value: '<type>',
      help: 'member, root (its CPUs for itself alone) or isolated (and without load balancing)',
      parse: (text) => {
        if (PARTITIONS.includes(text)) return become(text);
        throw new BadValueError(`"${text}" is not a partition; one of ${PARTITIONS.join(', ')}`);
      },
    },
  ],
  unset: 'member',
  rounded: trimmed,
  same: (text, written) => {
    const [is, was] = [parsePartition(text), parsePartition(written)];
    return is !== undefined && is.type === was?.type && is.valid === was.valid;
  },
  commands: (_, after) => [parsePartition(after)?.type ?? after],
  describe: (text) => {
    const { type, valid, reason } = parsePartition(text) ?? { type: text.trim(), valid: true };
    if (!valid) return `not in force${reason ? `: ${reason}` : ''}`;
    return type === 'member' ? 'shares its CPUs with its siblings' : 'CPUs of its own';
  },
};

export const CPUSET_LIMITS: readonly Limit[] = [
  listLimit('cpuset.cpus', '--cpuset-cpus', 'CPUs it may run on: 0-3,8; max for those of the parent', 'CPUs'),
  listLimit(
    'cpuset.mems',
    '--cpuset-mems',
    'NUMA nodes it gets memory from: 0,1; max for those of the parent',
    'NUMA nodes',
  ),
  partition,
];
