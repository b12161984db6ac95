/** Values that the kernel takes and that do not do what the operator expects of them. */

import { textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf, parentOf } from '../../kernel/cgroup-path.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { formatCpuList, parseCpuList, parsePartition } from '../../kernel/cpuset.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { parseHugetlbName } from '../../kernel/hugetlb.ts';
import { parseIoCost } from '../../kernel/io-cost.ts';
import type { Machine } from '../../kernel/machine.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { counted } from '../../text/counted.ts';
import { shellWord } from '../../text/shell-word.ts';
import { sizeText } from '../catalogue/catalogue.ts';
import type { PlanContext, Risk, Write } from '../model.ts';

type Check = (write: Write, read: Read, machine: Machine) => Risk | undefined;
type Read = (path: string, file: string) => string | undefined;

const CHECKS: readonly Check[] = [
  beyondParent,
  beyondMachine,
  alone,
  withoutIoCost,
  noSuchId,
  partition,
  hugePages,
  nice,
  wholeDisk,
];

export function valueRisks(write: Write, { files, machine }: Pick<PlanContext, 'files' | 'machine'>): Risk[] {
  const read: Read = (path, file) => textIfThere(files, path, file);
  return CHECKS.flatMap((check) => check(write, read, machine) ?? []);
}

const warn = (text: string, remedy?: string): Risk => ({ level: 'warn', text, ...(remedy ? { remedy } : {}) });

/** memory.low and memory.min are shares of what the parent is given. */
function beyondParent({ path, file, after }: Write, read: Read): Risk | undefined {
  if (file !== 'memory.low' && file !== 'memory.min') return undefined;
  const wanted = parseSingleValue(after);
  for (const ancestor of ancestorsOf(path)) {
    const given = parseSingleValue(read(ancestor, file));
    if (!(given < wanted)) continue;
    return warn(
      `${ancestor} protects ${given === 0 ? 'nothing' : `only ${sizeText(given)}`} (${file}): ${path} gets no more than that`,
      `raise it there too`,
    );
  }
  return undefined;
}

/** Nothing can use more CPUs than there are. */
function beyondMachine({ file, after }: Write, _: Read, { cpus }: Machine): Risk | undefined {
  if (file !== 'cpu.max') return undefined;
  const { quota, period } = parseCpuMax(after);
  const wanted = quota / period;
  if (quota === NO_LIMIT || !(wanted > cpus)) return undefined;
  return warn(
    `this machine has ${counted(cpus, 'CPU')}: a limit of ${Number(wanted.toFixed(2))} CPUs limits nothing`,
    `for no limit give --cpu max`,
  );
}

/** A weight counts only against siblings. */
function alone({ path, file }: Write, read: Read): Risk | undefined {
  if (!/^(cpu|io)(\.bfq)?\.weight(\.nice)?$/.test(file) || path === '/') return undefined;
  const parent = parentOf(path);
  // Processes of the root compete with its children too.
  if (parent === '/') return undefined;
  const [own, all] = [path, parent].map((of) => parseFlatKeyed(read(of, 'cgroup.stat') ?? '').get('nr_descendants'));
  if (own === undefined || all === undefined || all - own > 1) return undefined;
  return warn(`${path} has no siblings: a weight has no effect until something else runs in ${parent}`);
}

function withoutIoCost({ file }: Write, read: Read): Risk | undefined {
  if (file !== 'io.weight') return undefined;
  const qos = read('/', 'io.cost.qos');
  if (qos === undefined || [...parseIoCost(qos).values()].some(({ figures }) => figures.get('enable') === 1))
    return undefined;
  return warn(
    'io.weight has no effect: iocost is off on every disk',
    'turn it on for one with: tscg set / --io-cost-qos "/dev/sda enable=1"',
  );
}

/** The kernel would refuse an id that the machine does not have; one that the parent does not have is left out. */
function noSuchId({ path, file, after }: Write, read: Read): Risk | undefined {
  if (file !== 'cpuset.cpus' && file !== 'cpuset.mems') return undefined;
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
  const rest = beyond.length === wanted.length ? `it runs on all of ${given} instead` : 'only the others count';
  return warn(`${parent} does not have ${what} ${formatCpuList(beyond)} to give: ${rest}`);
}

/** The write succeeds and the file then says `root invalid (…)`: that is read back, and taken back. */
function partition({ path, file, after }: Write, read: Read): Risk | undefined {
  const wanted = file === 'cpuset.cpus.partition' ? parsePartition(after) : undefined;
  if (wanted === undefined || wanted.type === 'member' || !wanted.valid) return undefined;
  const parent = parentOf(path);
  const around = parsePartition(read(parent, file) ?? '');
  if (parent === '/' || around === undefined || around.type !== 'member') return undefined;
  return warn(
    `${parent} is no partition itself: the kernel may not put ${path} in force as one, and then it is taken back`,
    `first: tscg set ${shellWord(parent)} --cpuset-partition root`,
  );
}

/** Below what is in use the kernel refuses (EBUSY). */
function hugePages({ path, file, after }: Write, read: Read): Risk | undefined {
  if (parseHugetlbName(file)?.key !== 'max') return undefined;
  const used = parseSingleValue(read(path, file.replace(/max$/, 'current')));
  if (!(parseSingleValue(after) < used)) return undefined;
  return {
    level: 'refuse',
    text: `${path} has ${sizeText(used)} of huge pages in use: the kernel takes no limit below that (EBUSY)`,
    remedy: 'stop what uses them first',
  };
}

/** The nearest nice value of a weight is not the weight. */
function nice({ path, file }: Write, read: Read): Risk | undefined {
  if (file !== 'cpu.weight.nice') return undefined;
  const weight = read(path, 'cpu.weight');
  return weight === undefined || weight === '100'
    ? undefined
    : warn(`cpu.weight is ${weight}, finer than a nice value: undo brings back the nearest, so note it`);
}

function wholeDisk({ file }: Write): Risk | undefined {
  if (file !== 'io.cost.qos') return undefined;
  return warn('io.cost.qos is of the whole disk and all that use it; the write holds its queue for up to 80 ms');
}
