/** Every flag in every spelling, as the text that its file gets; what the kernel would take wrongly is refused. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interfaceFile } from '../../../src/kernel/interface-files.ts';
import { findLimit, LIMITS } from '../../../src/limits/catalogue/catalogue.ts';
import { PROPERTY_NAMES } from '../../../src/limits/catalogue/properties.ts';
import { BadValueError } from '../../../src/limits/catalogue/units.ts';
import { written } from '../kernel-model.ts';
import { writesOf } from '../typed.ts';

const MIB = 2 ** 20;

type Row = readonly [words: string, writes: string, texts?: Readonly<Record<string, string | undefined>>];

/** Flags and values separated by blanks; `_` stands for a blank in a value. */
const SPELLINGS: readonly Row[] = [
  ['--cpu 50%', 'cpu.max=50000 100000'],
  ['--cpus 1.5', 'cpu.max=150000 100000'],
  ['--cpu-quota 50000 --cpu-period 50000', 'cpu.max=50000 50000'],
  ['-p CPUQuota=20%', 'cpu.max=20000 100000'],
  ['-p CPUQuota=', 'cpu.max=max 100000', { 'cpu.max': '1000 100000' }],
  ['-p CPUQuotaPeriodSec=10ms -p CPUQuota=20%', 'cpu.max=2000 10000'],
  ['-p CPUQuotaPeriodSec=1', 'cpu.max=max 1000000'],
  ['--cpu-burst 20ms', 'cpu.max.burst=20000', { 'cpu.max': '50000 100000' }],
  ['--cpu 50% --cpu-burst 50ms', 'cpu.max=50000 100000 cpu.max.burst=50000'],
  // A burst that is lowered goes first, for the kernel refuses a quota below it.
  [
    '--cpu 1% --cpu-burst 0',
    'cpu.max.burst=0 cpu.max=1000 100000',
    { 'cpu.max': '50000 100000', 'cpu.max.burst': '50000' },
  ],
  ['--cpu-weight 50', 'cpu.weight=50'],
  ['--cpu-shares 512', 'cpu.weight=59'],
  ['-p CPUWeight=200', 'cpu.weight=200'],
  ['-p CPUShares=512', 'cpu.weight=50'],
  ['-p CPUWeight=idle', 'cpu.idle=1'],
  ['--cpu-nice -5', 'cpu.weight.nice=-5'],
  ['--cpu-idle yes', 'cpu.idle=1'],
  ['--cpu-idle 0 --cpu-weight 50', 'cpu.idle=0 cpu.weight=50', { 'cpu.idle': '1', 'cpu.weight': '1' }],
  ['--cpu-uclamp-min 20%', 'cpu.uclamp.min=20.00'],
  ['--cpu-uclamp-max 33.333', 'cpu.uclamp.max=33.33'],
  ['--cpu-uclamp-min 100%', 'cpu.uclamp.min=max'],
  ['--cpuset-cpus 0,1,2,5', 'cpuset.cpus=0-2,5'],
  ['--cpuset-cpus 0-7:1/2', 'cpuset.cpus=0,2,4,6'],
  ['--cpuset-cpus max', 'cpuset.cpus=', { 'cpuset.cpus': '0-1' }],
  ['--cpuset-mems 0', 'cpuset.mems=0'],
  ['-p AllowedCPUs=0_2', 'cpuset.cpus=0,2'],
  ['-p AllowedMemoryNodes=0', 'cpuset.mems=0'],
  ['--cpuset-partition isolated', 'cpuset.cpus.partition=isolated'],
  ['--memory 512M', `memory.max=${512 * MIB}`],
  ['--memory 25%', `memory.max=${2048 * MIB}`],
  ['-p MemoryMax=512M', `memory.max=${512 * MIB}`],
  ['-p MemoryMax=infinity', 'memory.max=max', { 'memory.max': '4096' }],
  ['-p MemoryLimit=1G', `memory.max=${1024 * MIB}`],
  ['--memory-high 1.5g', `memory.high=${1536 * MIB}`],
  ['-p MemoryHigh=50%', `memory.high=${4096 * MIB}`],
  ['--memory-reservation 64m', `memory.low=${64 * MIB}`],
  ['--memory-low 64MiB', `memory.low=${64 * MIB}`],
  ['-p MemoryLow=64M', `memory.low=${64 * MIB}`],
  ['--memory-min 64MB', `memory.min=${64 * MIB}`],
  ['-p MemoryMin=1M', `memory.min=${MIB}`],
  ['--swap 0', 'memory.swap.max=0'],
  ['--memory 512m --memory-swap 1536m', `memory.max=${512 * MIB} memory.swap.max=${1024 * MIB}`],
  ['--memory-swap 1536m', `memory.swap.max=${1024 * MIB}`, { 'memory.max': String(512 * MIB) }],
  ['--memory 512m --memory-swap 512m', `memory.max=${512 * MIB} memory.swap.max=0`],
  ['--memory 512m --memory-swap -1', `memory.max=${512 * MIB} memory.swap.max=max`, { 'memory.swap.max': '0' }],
  ['--memory 512m --memory-swap 0', `memory.max=${512 * MIB}`],
  ['-p MemorySwapMax=1G', `memory.swap.max=${1024 * MIB}`],
  ['--swap-high 1M', `memory.swap.high=${MIB}`],
  ['--zswap 10M', `memory.zswap.max=${10 * MIB}`],
  ['-p MemoryZSwapMax=10M', `memory.zswap.max=${10 * MIB}`],
  ['--zswap-writeback off', 'memory.zswap.writeback=0'],
  ['-p MemoryZSwapWriteback=no', 'memory.zswap.writeback=0'],
  ['--oom-group 1', 'memory.oom.group=1'],
  ['--device-read-bps /dev/sda:10mb', `io.max=8:0 rbps=${10 * MIB} wbps=max riops=max wiops=max`],
  ['--device-read-bps 8:0:10mb', `io.max=8:0 rbps=${10 * MIB} wbps=max riops=max wiops=max`],
  [
    '--device-write-bps /dev/sda:1k --device-write-bps sdb:2k',
    'io.max=8:0 rbps=max wbps=1024 riops=max wiops=max\n8:16 rbps=max wbps=2048 riops=max wiops=max',
  ],
  [
    '--device-read-iops /dev/sda:100 --device-write-iops /dev/sda:50',
    'io.max=8:0 rbps=max wbps=max riops=100 wiops=50',
  ],
  ['--io-max /dev/sda_rbps=1M_wiops=120', `io.max=8:0 rbps=${MIB} wbps=max riops=max wiops=120`],
  // systemd counts bandwidths in thousands.
  ['-p IOReadBandwidthMax=/dev/sda_10M', 'io.max=8:0 rbps=10000000 wbps=max riops=max wiops=max'],
  ['-p IOWriteBandwidthMax="/dev/sda_10K"', 'io.max=8:0 rbps=max wbps=10000 riops=max wiops=max'],
  ['-p IOReadIOPSMax=sdb_1K', 'io.max=8:16 rbps=max wbps=max riops=1000 wiops=max'],
  ['-p IOWriteIOPSMax=sdb_100', 'io.max=8:16 rbps=max wbps=max riops=max wiops=100'],
  ['--io-weight 200', 'io.weight=default 200'],
  ['--io-weight 200 --io-weight /dev/sda:50', 'io.weight=default 200\n8:0 50'],
  ['--io-weight /dev/sda:default', 'io.weight=default 100', { 'io.weight': 'default 100\n8:0 50' }],
  ['-p IOWeight=300', 'io.weight=default 300'],
  ['-p IODeviceWeight=/dev/sda_300', 'io.weight=default 100\n8:0 300'],
  ['--blkio-weight 500', 'io.weight=default 4950'],
  // Where there is BFQ it takes docker's value as it is, and io.weight's in its own range.
  ['--blkio-weight 500', 'io.bfq.weight=default 500', { 'io.bfq.weight': 'default 100' }],
  ['--io-weight 666', 'io.bfq.weight=default 151', { 'io.weight': undefined, 'io.bfq.weight': 'default 100' }],
  ['--io-bfq-weight 7', 'io.bfq.weight=default 7', { 'io.bfq.weight': '100' }],
  ['--io-latency /dev/sda:25ms', 'io.latency=8:0 target=25000'],
  ['--io-latency /dev/sda:max', 'io.latency=', { 'io.latency': '8:0 target=75000' }],
  ['-p IODeviceLatencyTargetSec=/dev/sda_25ms', 'io.latency=8:0 target=25000'],
  ['--io-prio-class idle', 'io.prio.class=idle'],
  ['--io-cost-qos /dev/sda_enable=1', 'io.cost.qos=8:0 enable=1 ctrl=auto'],
  ['--io-cost-qos /dev/sda_enable=1_rpct=95_rlat=10ms', 'io.cost.qos=8:0 enable=1 ctrl=user rpct=95 rlat=10000'],
  ['--pids 100', 'pids.max=100'],
  ['--pids 0', 'pids.max=0'],
  ['--pids-limit -1', 'pids.max=max', { 'pids.max': '5' }],
  ['-p TasksMax=100', 'pids.max=100'],
  ['-p TasksMax=infinity', 'pids.max=max', { 'pids.max': '5' }],
  ['--misc sev:10', 'misc.max=sev 10\nsev_es max'],
  ['--rdma mlx5_0:hca_handle=2', 'rdma.max=mlx5_0 hca_handle=2 hca_object=max'],
  ['--dmem drm/0000:03:00.0/vram0:1G', `dmem.max=drm/0000:03:00.0/vram0 ${1024 * MIB}\ndrm/0000:03:00.0/stolen max`],
];

const wordsOf = (line: string): string[] => line.split(' ').map((word) => word.replaceAll('_', ' '));
/** Names with an underscore of their own. */
const plainOf = (words: readonly string[]): string[] =>
  words.map((word) =>
    word
      .replace('mlx5 0', 'mlx5_0')
      .replaceAll(/hca (\w)/g, 'hca_$1')
      .replace('sev es', 'sev_es'),
  );

test('each flag, in our, docker’s and systemd’s spelling', () => {
  for (const [line, expected, texts] of SPELLINGS) {
    assert.is(writesOf(plainOf(wordsOf(line)), texts).join(' '), expected, line);
  }
});

test('each flag and each property of the catalogue is in that table', () => {
  const lines = SPELLINGS.map(([line]) => ` ${line} `).join('');
  const flags = LIMITS.flatMap((limit) => limit.flags.map(({ long }) => long)).filter(
    (long) => !/^--hugetlb-/.test(long),
  );
  assert.equal(
    flags.filter((long) => !lines.includes(` ${long} `)),
    [],
  );
  assert.equal(
    PROPERTY_NAMES.filter((name) => !lines.includes(` -p ${name}=`)),
    [],
  );
});

test('no two flags are spelled alike, and every row is a file that can be written', () => {
  const names = LIMITS.flatMap(({ flags }) => flags.flatMap(({ long, short }) => [long, ...(short ? [short] : [])]));
  assert.is(new Set(names).size, names.length);
  for (const { file, controller, rounded, unset, describe } of LIMITS) {
    const known = interfaceFile(file);
    assert.ok(known?.writable, file);
    assert.is(known?.controller, controller, file);
    assert.is(
      rounded(unset, { memoryTotal: 2 ** 33, cpus: 4, pageSize: 4096, bootId: '' }),
      unset,
      `${file}: what nobody set is rounded to itself`,
    );
    assert.type(describe(unset), 'string');
  }
});

test('huge pages: whole ones, of any size that a journal may name', () => {
  const limit = findLimit('hugetlb.32MB.max');
  const machine = { memoryTotal: 2 ** 33, cpus: 4, pageSize: 4096, bootId: '' };
  assert.is(limit?.flags[0]?.long, '--hugetlb-32MB');
  assert.is(limit?.rounded(String(70 * MIB), machine), String(64 * MIB));
  assert.is(limit?.flags[0]?.parse('70M', machine).after('max'), String(64 * MIB));
  assert.is(findLimit('hugetlb.2MB.current'), undefined);
  // What nobody limited reads so on Linux 6.18, and as max once it was written.
  assert.is(limit?.describe('9223372036854771712'), 'no limit');
  assert.is(limit?.same?.('max', '9223372036854771712'), true);
  assert.is(limit?.same?.('max', String(2 ** 40)), false);
});

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one table of values
test('what the kernel would wrap, round, misread or refuse is refused before', () => {
  const lines: readonly Row[1][] = [
    '--cpu 0.5%',
    '--cpu-period 2s',
    '--cpu-quota 999',
    '--cpu-burst 20ms --cpu 1%',
    '--cpu-weight 0',
    '--cpu-weight 0x10',
    '--cpu-weight 10001',
    '--cpu-shares 0',
    '--cpu-nice 20',
    '--cpu-nice -21',
    '--cpu-idle 2',
    '--cpu-uclamp-min 100.5%',
    '--cpu-uclamp-max -1',
    '--cpuset-cpus 3-1',
    '--cpuset-cpus 0,,1',
    '--cpuset-cpus zero',
    '--cpuset-cpus 0-99999999',
    '--cpuset-partition yes',
    '--memory 16E',
    '--memory 18446744073709551616',
    '--memory -5',
    '--memory 101%',
    '--memory-swap 512M',
    '--memory 512M --memory-swap 256M',
    '--oom-group max',
    '--device-read-bps /dev/sda',
    '--device-read-bps /dev/sda:0',
    '--device-read-bps /dev/sda:1',
    '--device-read-bps /dev/nothing:10M',
    '--device-read-iops /dev/sda:10M',
    '--device-read-iops /dev/sda:4294967295',
    '--io-max /dev/sda',
    '--io-max /dev/sda_rate=5',
    '--io-max /dev/sda_rbps=5=6',
    '--io-weight 0',
    '--io-weight :50',
    '--blkio-weight 9',
    '--blkio-weight 1001',
    '--io-latency /dev/sda:0',
    '--io-prio-class rt',
    '--io-cost-qos /dev/sda',
    '--io-cost-qos /dev/sda_rpct=101',
    '--io-cost-qos /dev/sda_min=50_max=20',
    '--pids 4194305',
    '--pids 0x10',
    '--pids-limit 0',
    '--misc sgx:10',
    '--misc sev',
    '--rdma mlx5_0:hca_handle=-2',
    '--rdma other:hca_handle=2',
    '--dmem vram:1G',
    '-p CPUQuota=50',
    '-p TasksMax=10%',
    '-p NoSuch=1',
    '-p CPUQuota',
    '-p __proto__=1',
    '-p IOReadBandwidthMax=/dev/sda',
    '-p IOReadBandwidthMax=/dev/sda_10Q',
    // Two flags of one value.
    '--cpu 50% --cpus 2',
    '--cpu 50% -p CPUQuota=20%',
    '--memory-low 1M --memory-reservation 2M',
    '--cpu-weight 50 --cpu-nice 5',
    '--swap 0 --memory-swap -1',
    // What does not go with the other files.
    '--cpu-idle 1 --cpu-weight 50',
  ];
  for (const line of lines) {
    assert.throws(
      () => writesOf(plainOf(wordsOf(line.replace('__proto__', 'proto')))),
      (error: unknown) => error instanceof BadValueError && !error.message.includes('\n'),
      line,
    );
  }
  assert.throws(
    () => writesOf(['-p', '__proto__=1']),
    (error: unknown) => error instanceof BadValueError,
  );
  assert.throws(
    () => writesOf(['--cpu', '10%'], { 'cpu.max.burst': '20000', 'cpu.max': '50000 100000' }),
    /more than a quota of 10ms; add --cpu-burst 10ms or less/,
  );
});

test('io.max keeps the other keys of the disk and the other disks', () => {
  const before = '8:16 rbps=5000 wbps=max riops=max wiops=120\n254:0 rbps=max wbps=9000 riops=max wiops=max';
  const after = (words: readonly string[]): string => writesOf(words, { 'io.max': before }).join();
  assert.is(
    after(['--device-read-bps', 'sdb:7000']),
    'io.max=8:16 rbps=7000 wbps=max riops=max wiops=120\n254:0 rbps=max wbps=9000 riops=max wiops=max',
  );
  assert.is(after(['--io-max', 'sdb rbps=max wiops=max']), 'io.max=254:0 rbps=max wbps=9000 riops=max wiops=max');
  // systemd#27302: an empty value takes the key's limit of every line away.
  assert.is(after(['-p', 'IOWriteBandwidthMax=']), 'io.max=8:16 rbps=5000 wbps=max riops=max wiops=120');
  assert.is(after(['--io-max', 'max']), 'io.max=');
  const { commands, same } = findLimit('io.max') ?? {};
  assert.equal(commands?.(before, '254:0 rbps=max wbps=1 riops=max wiops=max'), [
    '8:16 rbps=max wbps=max riops=max wiops=max',
    '254:0 rbps=max wbps=1 riops=max wiops=max',
  ]);
  assert.ok(same?.(before, before.split('\n').reverse().join('\n')), 'in another order');
  assert.not(same?.(before, before.replace('120', '121')));
});

test('files of lines write what changed and nothing else', () => {
  const commandsOf = (file: string, before: string, after: string) => findLimit(file)?.commands?.(before, after);
  assert.equal(commandsOf('io.weight', 'default 100\n8:0 50', 'default 200'), ['8:0 default', 'default 200']);
  assert.equal(commandsOf('io.latency', '8:0 target=75000', ''), ['8:0 target=0']);
  assert.equal(commandsOf('misc.max', 'sev max\nsev_es 5', 'sev 10\nsev_es 5'), ['sev 10']);
  assert.equal(commandsOf('io.cost.qos', '8:0 enable=1 ctrl=auto', ''), ['8:0 enable=0 ctrl=auto']);
  assert.equal(commandsOf('cpuset.cpus', '0-1', ''), ['\n']);
  assert.equal(commandsOf('cpuset.cpus.partition', 'member', 'root invalid (Parent is not a partition root)'), [
    'root',
  ]);
});

test('what was understood is told', () => {
  const noteOf = (words: readonly string[]): string => {
    const { flags } = findLimit(words[0] ?? '') ?? { flags: [] };
    const flag = flags.find(({ long }) => long === words[1]);
    return flag?.parse(words[2] ?? '', { memoryTotal: 2 ** 33, cpus: 4, pageSize: 4096, bootId: '' }).note ?? '';
  };
  assert.match(noteOf(['cpu.weight', '--cpu-shares', '1024']), /a cpu.weight of 100; runtimes before 2025 made 39/);
  assert.is(noteOf(['cpu.max', '--cpu', '33.333%']), "33.333% is 0.33333 of one CPU (8.3% of this machine's 4)");
  assert.match(noteOf(['memory.swap.max', '--memory-swap', '1G']), /is memory and swap together/);
  assert.match(noteOf(['io.weight', '--blkio-weight', '500']), /io.weight of 4950/);
});

test('io.cost.qos goes back to the values of the kernel: with ctrl=auto none of them is written', () => {
  const auto = '8:0 enable=0 ctrl=auto rpct=0.00 rlat=250000 wpct=0.00 wlat=250000 min=1.00 max=10000.00';
  const own = '8:0 enable=1 ctrl=user rpct=0.00 rlat=250000 wpct=0.00 wlat=250000 min=50.00 max=150.00';
  const limit = findLimit('io.cost.qos');
  assert.equal(limit?.commands?.(own, auto), ['8:0 enable=0 ctrl=auto']);
  assert.equal(limit?.commands?.(own, ''), ['8:0 enable=0 ctrl=auto']);
  assert.equal(limit?.commands?.(auto, auto), []);
  const [back = ''] = limit?.commands?.(auto, own) ?? [];
  assert.ok(limit?.same?.(written('io.cost.qos', auto, back), own), back);
});

test.run();
