import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseProcs } from '../../src/kernel/cgroup-procs.ts';
import { hasProcs, parseCgroupType } from '../../src/kernel/cgroup-type.ts';
import { formatSubtreeControl, parseControllers } from '../../src/kernel/controllers.ts';
import { formatCpuMax, parseCpuMax } from '../../src/kernel/cpu-max.ts';
import { parseFlatKeyed } from '../../src/kernel/flat-keyed.ts';
import { hugetlbName, parseHugetlbName } from '../../src/kernel/hugetlb.ts';
import { formatIoCostLine, parseIoCost } from '../../src/kernel/io-cost.ts';
import { formatNestedLine, parseNestedKeyed } from '../../src/kernel/nested-keyed.ts';
import { formatPressureTrigger, parsePressure } from '../../src/kernel/pressure.ts';
import { formatSingleValue, parseSingleValue } from '../../src/kernel/single-value.ts';
import { formatUclamp } from '../../src/kernel/uclamp.ts';
import { limitOf } from '../../src/kernel/value.ts';
import { formatIoWeightLine, parseIoWeight } from '../../src/kernel/weight.ts';

const limit = fc.oneof(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.constant(Number.POSITIVE_INFINITY));
const word = fc.stringMatching(/^[a-z][a-z0-9_.]{0,12}$/);
const device = fc.tuple(fc.nat({ max: 4095 }), fc.nat({ max: 1048575 })).map(([major, minor]) => `${major}:${minor}`);

test('a single value is a number, max, or unavailable', () => {
  assert.is(parseSingleValue('1073741824\n'), 1073741824);
  assert.is(parseSingleValue('max\n'), Number.POSITIVE_INFINITY);
  assert.is(parseSingleValue('-3'), -3);
  for (const text of ['', '\n', 'Max', '0x10', '1e5', '12 13', 'abc', undefined]) {
    assert.ok(Number.isNaN(parseSingleValue(text)), `${text}`);
  }
});

test('a single value is written in digits, never rounded into an exponent, and never if it is no number', () => {
  assert.is(formatSingleValue(2 ** 70), '1180591620717411303424');
  for (const value of [1.5, Number.NaN, Number.NEGATIVE_INFINITY]) assert.throws(() => formatSingleValue(value));
  fc.assert(fc.property(limit, (value) => parseSingleValue(formatSingleValue(value)) === value));
});

test('the values that mean no limit are no limit (S13)', () => {
  for (const text of ['9223372036854771712', '18446744073709551615', 'max']) {
    assert.is(limitOf(parseSingleValue(text)), Number.POSITIVE_INFINITY);
  }
});

test('cpu.stat of a newer kernel keeps keys that nobody knows (S4), of an older one lacks them (S3)', () => {
  const older = parseFlatKeyed(
    'usage_usec 73899\nuser_usec 27213\nsystem_usec 46685\nnr_periods 7\nnr_throttled 3\nthrottled_usec 139381\n',
  );
  assert.is(older.get('throttled_usec'), 139381);
  assert.is(older.get('nr_bursts'), undefined);
  const newer = parseFlatKeyed('usage_usec 36538181\ncore_sched.force_idle_usec 0\nnr_bursts 0\n');
  assert.equal(
    [...newer],
    [
      ['usage_usec', 36538181],
      ['core_sched.force_idle_usec', 0],
      ['nr_bursts', 0],
    ],
  );
  assert.is(parseFlatKeyed('nr_throttled 2\nthrottled_time 127918677').get('throttled_time'), 127918677);
});

test('memory.stat (S5), misc and dmem are flat', () => {
  const stat = parseFlatKeyed('anon 663552\nfile 10313728\ninactive_file 5066752\nslab_reclaimable 1232589368\n');
  assert.is(stat.get('slab_reclaimable'), 1232589368);
  assert.is(parseFlatKeyed('sev 12\nsev_es max\n').get('sev_es'), Number.POSITIVE_INFINITY);
  assert.is(parseFlatKeyed('drm/0000:03:00.0/vram0 8514437120\n').get('drm/0000:03:00.0/vram0'), 8514437120);
  assert.is(parseFlatKeyed('\n  \nkey\nother 1').size, 1);
  assert.ok(Number.isNaN(parseFlatKeyed('key what').get('key')));
});

test('a flat file is read as it is written', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(word, limit), { selector: ([key]) => key }), (entries) => {
      const text = entries.map(([key, value]) => `${key} ${formatSingleValue(value)}`).join('\n');
      assert.equal([...parseFlatKeyed(text)], entries);
    }),
  );
});

test('io.stat has devices without figures, keys that nobody knows and double blanks (S6)', () => {
  const stat = parseNestedKeyed(
    '7:7 \n7:0 \n254:0  cost.usage=0\n253:0 rbytes=40137493143552 wbytes=11685175186432 rios=172066882 dbytes=0\n' +
      '13:0 rbytes=135 wbytes=162379 cost.usage=25 cost.wait=38 depth=max use_delay\n',
  );
  assert.is(stat.get('7:7')?.size, 0);
  assert.is(stat.get('254:0')?.get('cost.usage'), 0);
  assert.is(stat.get('253:0')?.get('rbytes'), 40137493143552);
  assert.is(stat.get('13:0')?.get('cost.wait'), 38);
  assert.is(stat.get('13:0')?.get('depth'), Number.POSITIVE_INFINITY);
  assert.is(stat.get('8:0'), undefined);
  assert.is(parseNestedKeyed('8:0 rbytes=1\n8:0 cost.usage=2\n').get('8:0')?.size, 2);
});

test('a line of figures without a key has the empty key', () => {
  assert.is(parseNestedKeyed('total=4096 N0=4096 N1=0\n').get('')?.get('N0'), 4096);
  assert.is(parseNestedKeyed('anon N0=1 N1=2\nfile N0=3 N1=4\n').get('file')?.get('N1'), 4);
});

test('io.max and rdma.max survive being written and read', () => {
  assert.is(
    formatNestedLine('8:16', Object.entries({ rbps: 2097152, wiops: Number.POSITIVE_INFINITY })),
    '8:16 rbps=2097152 wiops=max',
  );
  fc.assert(
    fc.property(device, fc.uniqueArray(fc.tuple(word, limit), { selector: ([key]) => key }), (key, entries) => {
      assert.equal([...(parseNestedKeyed(formatNestedLine(key, entries)).get(key) ?? [])], entries);
    }),
  );
});

test('cpu.max is read (S11) and written', () => {
  assert.equal(parseCpuMax('max 100000\n'), { quota: Number.POSITIVE_INFINITY, period: 100000 });
  assert.equal(parseCpuMax('500000 1000000\n'), { quota: 500000, period: 1000000 });
  assert.equal(parseCpuMax(''), { quota: Number.NaN, period: Number.NaN });
  assert.is(formatCpuMax({ quota: 50000, period: Number.NaN }), '50000', 'the kernel keeps its period');
  assert.throws(() => formatCpuMax({ quota: Number.NaN, period: 100000 }));
  assert.throws(() => formatCpuMax({ quota: 33333.3, period: 100000 }));
  fc.assert(
    fc.property(limit, fc.integer({ min: 1000, max: 1000000 }), (quota, period) =>
      assert.equal(parseCpuMax(formatCpuMax({ quota, period })), { quota, period }),
    ),
  );
});

test('pressure lines may be missing, and so may keys', () => {
  assert.equal(parsePressure('some avg10=0.05 avg60=0.13 avg300=0.04 total=287782\n'), {
    some: { avg10: 0.05, avg60: 0.13, avg300: 0.04, total: 287782 },
  });
  const irq = parsePressure('full total=138114 avg10=1.50\n');
  assert.is(irq.some, undefined);
  assert.is(irq.full?.total, 138114);
  assert.is(irq.full?.avg10, 1.5);
  assert.ok(Number.isNaN(irq.full?.avg60));
  assert.equal(parsePressure(''), {});
  assert.is(formatPressureTrigger('some', 150000, 1000000), 'some 150000 1000000');
});

test('weights: io.weight by device, the bare number of older kernels', () => {
  const weight = parseIoWeight('default 100\n8:0 200\n8:16 50\n');
  assert.is(weight.default, 100);
  assert.equal(
    [...weight.devices],
    [
      ['8:0', 200],
      ['8:16', 50],
    ],
  );
  assert.is(parseIoWeight('100\n').default, 100);
  assert.ok(Number.isNaN(parseIoWeight('').default));
  assert.is(formatIoWeightLine('8:0', 'default'), '8:0 default');
  fc.assert(
    fc.property(device, fc.integer({ min: 1, max: 10000 }), (name, value) => {
      assert.is(parseIoWeight(formatIoWeightLine(name, value)).devices.get(name), value);
      assert.is(parseIoWeight(formatIoWeightLine('default', value)).default, value);
    }),
  );
});

test('utilization clamps are percent with two decimals', () => {
  assert.is(parseSingleValue('12.50\n'), 12.5);
  assert.is(formatUclamp(12.5), '12.50');
  assert.is(formatUclamp(Number.POSITIVE_INFINITY), 'max');
  for (const percent of [-1, 100.01, Number.NaN]) assert.throws(() => formatUclamp(percent));
});

test('iocost settings hold words and figures', () => {
  const text =
    '8:16 enable=1 ctrl=auto rpct=95.00 rlat=75000 min=50.00\n' +
    '8:0 ctrl=user model=linear rbps=174019176 rseqiops=41708\n';
  const disks = parseIoCost(text);
  assert.is(disks.get('8:16')?.ctrl, 'auto');
  assert.is(disks.get('8:16')?.model, undefined);
  assert.is(disks.get('8:16')?.figures.get('rpct'), 95);
  assert.is(disks.get('8:0')?.model, 'linear');
  for (const [disk, cost] of disks) assert.equal(parseIoCost(formatIoCostLine(disk, cost)).get(disk), cost);
});

test('hugetlb files name their page size', () => {
  assert.equal(parseHugetlbName('hugetlb.2MB.rsvd.max'), { size: '2MB', pageSize: 2097152, key: 'rsvd.max' });
  assert.is(parseHugetlbName('memory.max'), undefined);
  for (const name of ['hugetlb.64KB.max', 'hugetlb.2MB.events.local', 'hugetlb.1GB.current', 'hugetlb.512MB.max']) {
    const file = parseHugetlbName(name);
    assert.ok(file);
    assert.is(hugetlbName(file.pageSize, file.key), name);
  }
});

test('cgroup.type tells where cgroup.procs can be read', () => {
  const readable = ['domain', 'domain threaded', 'domain invalid', 'threaded'].map((text) => {
    const type = parseCgroupType(`${text}\n`);
    assert.is(type, text);
    return type !== undefined && hasProcs(type);
  });
  assert.equal(readable, [true, true, false, false]);
  assert.is(parseCgroupType(''), undefined);
});

test('cgroup.procs: each process once, those of other PID namespaces counted', () => {
  assert.equal(parseProcs('185\n0\n190\n185\n0\n'), { pids: [185, 190], foreign: 2 });
  assert.equal(parseProcs(''), { pids: [], foreign: 0 });
});

test('controllers are enabled and disabled in one write', () => {
  assert.equal(parseControllers('cpuset cpu io\n'), ['cpuset', 'cpu', 'io']);
  assert.equal(parseControllers('\n'), []);
  assert.is(formatSubtreeControl(['cpu', 'io'], ['cpu', 'memory']), '+memory -io');
  assert.is(formatSubtreeControl(['cpu'], ['cpu']), undefined);
});

test.run();
