/** Every file of every captured kernel has its row in interface-files.ts and is parsed without loss. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseProcs } from '../../src/kernel/cgroup-procs.ts';
import { parseCgroupType } from '../../src/kernel/cgroup-type.ts';
import { parseControllers } from '../../src/kernel/controllers.ts';
import { formatCpuMax, parseCpuMax } from '../../src/kernel/cpu-max.ts';
import { formatCpuList, parseCpuList, parsePartition } from '../../src/kernel/cpuset.ts';
import { parseFlatKeyed } from '../../src/kernel/flat-keyed.ts';
import { chooseHierarchy } from '../../src/kernel/hierarchy.ts';
import type { InterfaceFormat } from '../../src/kernel/interface-files.ts';
import { INTERFACE_FILES, interfaceFile } from '../../src/kernel/interface-files.ts';
import { formatIoCostLine, parseIoCost } from '../../src/kernel/io-cost.ts';
import { parseMeminfo } from '../../src/kernel/meminfo.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { parseNamespaceLink } from '../../src/kernel/namespace-link.ts';
import { formatNestedLine, parseNestedKeyed } from '../../src/kernel/nested-keyed.ts';
import { parseNetDev } from '../../src/kernel/net-dev.ts';
import { parsePressure } from '../../src/kernel/pressure.ts';
import { parseProcCgroup } from '../../src/kernel/proc-cgroup.ts';
import { parseProcCgroups } from '../../src/kernel/proc-cgroups.ts';
import { parseCmdline, parsePidStat, parsePidStatus, parseSchedstat } from '../../src/kernel/proc-pid.ts';
import { parseProcStat, totalTicks } from '../../src/kernel/proc-stat.ts';
import { formatSingleValue, parseSingleValue } from '../../src/kernel/single-value.ts';
import { formatUclamp } from '../../src/kernel/uclamp.ts';
import { formatIoWeightLine, parseIoWeight } from '../../src/kernel/weight.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const KERNELS = ['debian-6.12', 'debian-6.1', 'hybrid-6.18'];

/** The text again, from what was parsed. Blanks between words and at the end do not matter. */
const REWRITE: Record<InterfaceFormat, (text: string) => string> = {
  single: (text) => formatSingleValue(parseSingleValue(text)),
  word: (text) => text,
  percent: (text) => formatUclamp(parseSingleValue(text)),
  flat: (text) => Array.from(parseFlatKeyed(text), ([key, value]) => `${key} ${formatSingleValue(value)}`).join('\n'),
  nested: (text) => Array.from(parseNestedKeyed(text), ([key, entries]) => formatNestedLine(key, entries)).join('\n'),
  'cpu-max': (text) => formatCpuMax(parseCpuMax(text)),
  pressure: (text) =>
    Object.entries(parsePressure(text))
      .map(([kind, { avg10, avg60, avg300, total }]) => {
        const [ten, sixty, threeHundred] = [avg10, avg60, avg300].map((average) => average.toFixed(2));
        return `${kind} avg10=${ten} avg60=${sixty} avg300=${threeHundred} total=${total}`;
      })
      .join('\n'),
  list: (text) => formatCpuList(parseCpuList(text)),
  partition: (text) => {
    const partition = parsePartition(text);
    const reason = partition?.reason === undefined ? '' : ` (${partition.reason})`;
    return `${partition?.type}${partition?.valid ? '' : ' invalid'}${reason}`;
  },
  'io-weight': (text) => {
    const { default: fallback, devices } = parseIoWeight(text);
    return [['default', fallback] as const, ...devices]
      .map(([key, value]) => formatIoWeightLine(key, value))
      .join('\n');
  },
  'io-cost': (text) => Array.from(parseIoCost(text), ([disk, cost]) => formatIoCostLine(disk, cost)).join('\n'),
  type: (text) => parseCgroupType(text) ?? '',
  controllers: (text) => parseControllers(text).join(' '),
  pids: (text) => parseProcs(text).pids.join('\n'),
  command: () => '',
};

for (const kernel of KERNELS) {
  const root = join(FIXTURES, kernel, 'cgroup');
  const files = filesBelow(root);

  test(`${kernel}: every interface file is known and parsed without loss`, () => {
    assert.ok(files.length > 100, `only ${files.length} files`);
    for (const path of files) {
      const file = interfaceFile(basename(path));
      assert.ok(file, `${path} has no row`);
      const text = readFileSync(path, 'utf8');
      /** cpu.stat.local without the cpu controller. */
      if (text !== '') assert.is(normal(REWRITE[file.format](text)), normal(text), path);
    }
  });

  test(`${kernel}: rows tell which release and which cgroups have the file`, () => {
    const release = kernel.replace(/^.*-/, '');
    const inRoot = new Set(files.filter((path) => dirname(path) === root).map((path) => basename(path)));
    const below = new Set(files.filter((path) => dirname(path) !== root).map((path) => basename(path)));
    for (const name of new Set([...inRoot, ...below])) {
      const row = known(interfaceFile(name), name);
      assert.ok(compareReleases(row.since, release) <= 0, `${name} is said to be since ${row.since}`);
      if (name === 'misc.current' && release === '6.1') continue;
      assert.is(row.root, !inRoot.has(name) ? 'no' : below.has(name) ? 'yes' : 'only', name);
    }
  });

  test(`${kernel}: a controller's files are only where it is enabled`, () => {
    for (const directory of new Set(files.map((path) => dirname(path)))) {
      if (directory === root) continue;
      const enabled = parseControllers(readFileSync(join(directory, 'cgroup.controllers'), 'utf8'));
      const owners = readdirSync(directory).map((name) => interfaceFile(name)?.controller);
      for (const owner of owners) if (owner && owner !== 'cgroup') assert.ok(enabled.includes(owner), directory);
    }
  });

  test(`${kernel}: its hierarchy is found`, () => {
    const proc = join(FIXTURES, kernel, 'proc');
    const mountinfo = readFileSync(join(proc, 'self/mountinfo'), 'utf8');
    assert.is(parseMountinfo(mountinfo).length, mountinfo.trimEnd().split('\n').length);
    const { mount, mode, namespaced } = chooseHierarchy(mountinfo);
    const hybrid = kernel.startsWith('hybrid');
    assert.equal([mount, mode], hybrid ? ['/sys/fs/cgroup/unified', 'hybrid'] : ['/sys/fs/cgroup', 'unified']);
    assert.not(namespaced);
    const controllers = parseProcCgroups(readFileSync(join(proc, 'cgroups'), 'utf8'));
    assert.ok(controllers.some(({ name, enabled }) => name === 'memory' && enabled));
  });

  test(`${kernel}: the host's figures are there`, () => {
    const proc = join(FIXTURES, kernel, 'proc');
    const stat = parseProcStat(readFileSync(join(proc, 'stat'), 'utf8'));
    assert.ok(totalTicks(stat.cpu) > 0);
    assert.ok(stat.btime > 1.7e9);
    const meminfo = readFileSync(join(proc, 'meminfo'), 'utf8');
    assert.ok(parseMeminfo(meminfo, 'MemTotal') > parseMeminfo(meminfo, 'MemFree'));
    const keys = [...meminfo.matchAll(/^([^:]+):/gm)].map(([, key = '']) => key);
    assert.ok(keys.length > 40 && keys.every((key) => parseMeminfo(meminfo, key) >= 0));
    for (const kind of ['cpu', 'memory', 'io']) {
      const { some, full } = parsePressure(readFileSync(join(proc, 'pressure', kind), 'utf8'));
      assert.ok(some && full, kind);
    }
  });

  test(`${kernel}: every process is read`, () => {
    const proc = join(FIXTURES, kernel, 'proc');
    const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name));
    assert.ok(pids.length > 5);
    for (const pid of pids) {
      const read = (file: string): string => readFileSync(join(proc, pid, file), 'utf8');
      const stat = known(parsePidStat(read('stat')), pid);
      const status = parsePidStatus(read('status'));
      assert.is(stat.pid, Number(pid));
      assert.is(stat.comm, read('comm').trimEnd());
      assert.is(status.Name, stat.comm);
      assert.is(status.NSpid[0], stat.pid);
      assert.is(status.PPid, stat.ppid);
      assert.not(Object.values(stat).some(Number.isNaN));
      assert.not(Object.values(parseSchedstat(read('schedstat'))).some(Number.isNaN));
      assert.is(parseCmdline(read('cmdline')).join('\0'), read('cmdline').replace(/\0+$/, ''));
      assert.ok(parseNetDev(read('net/dev')).has('lo'));
      assert.ok(parseProcCgroup(read('cgroup'))?.startsWith('/tscg-capture/'), pid);
      for (const name of readdirSync(join(proc, pid, 'ns'))) {
        const link = parseNamespaceLink(readlinkSync(join(proc, pid, 'ns', name)));
        assert.is(link?.type, name.replace('_for_children', ''));
      }
    }
    const statuses = pids.map((pid) => parsePidStatus(readFileSync(join(proc, pid, 'status'), 'utf8')));
    assert.ok(
      statuses.some(({ NSpid }) => NSpid.length > 1 && NSpid.at(-1) === 1),
      'one is the init of a PID namespace',
    );
  });
}

test('each file has one row', () => {
  assert.is(new Set(INTERFACE_FILES.map(({ name }) => name)).size, INTERFACE_FILES.length);
  assert.is(interfaceFile('hugetlb.1GB.rsvd.max')?.name, 'hugetlb.<size>.rsvd.max');
  assert.is(interfaceFile('memory.unheard_of'), undefined);
});

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not known`);
  return value;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const normal = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '')
    .join('\n');

function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

test.run();
