/**
 * Generated `set` command lines: each is a clean refusal, or a Plan whose writes a kernel (kernel-model.ts) takes, whose
 * values read back equal, and whose way back restores what was there.
 */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findLimit, LIMITS } from '../../src/limits/catalogue/catalogue.ts';
import { PROPERTY_NAMES } from '../../src/limits/catalogue/properties.ts';
import { BadValueError } from '../../src/limits/catalogue/units.ts';
import type { Plan } from '../../src/limits/model.ts';
import { sameValue } from '../../src/limits/planning/same-value.ts';
import { contextOf, fakeFiles } from './fake-files.ts';
import { written } from './kernel-model.ts';
import { boxOf, FRESH as MADE, planOf } from './typed.ts';

/** Of each of the three. */
const RUNS = 34_000;

const FLAGS = LIMITS.flatMap(({ flags }) => flags.map(({ long }) => long));

const FRESH = { ...MADE, 'io.bfq.weight': 'default 100' };

/** States that a cgroup may be found in. */
const USED: Readonly<Record<string, string>> = {
  ...FRESH,
  'cpu.max': '30000 50000',
  'cpu.max.burst': '10000',
  'cpu.weight': '150',
  'cpuset.cpus': '0-1',
  'memory.max': '536870912',
  'memory.swap.max': '1048576',
  'io.max': '8:16 rbps=5000 wbps=max riops=max wiops=120\n8:0 rbps=max wbps=9000 riops=max wiops=max',
  'io.weight': 'default 200\n8:0 50',
  'io.latency': '8:16 target=75000',
  'io.cost.qos': '8:0 enable=1 ctrl=user rpct=95.00 rlat=75000 wpct=95.00 wlat=150000 min=50.00 max=150.00',
  'pids.max': '100',
};

const number = fc.oneof(
  fc.integer({ min: -2, max: 20_000 }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
  fc.double({ min: 0, max: 1000, noNaN: true }).map((value) => value.toFixed(2)),
  fc.constantFrom('0', '010', '0x10', '1e5', '-1', '4294967295', '4194304', '18446744073709551616'),
);
const unit = fc.constantFrom('', '', '%', 'M', 'k', 'GiB', 'mb', 'E', 'ms', 'us', 's', 'min');
const plain = fc.oneof(
  fc.tuple(number, unit).map((parts) => parts.join('')),
  fc.constantFrom(
    'max',
    'infinity',
    '-1',
    '',
    'member',
    'root',
    'isolated',
    'idle',
    'no-change',
    'yes',
    'off',
    'default',
  ),
  fc.tuple(number, number).map((parts) => parts.join('/')),
  fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 4 }).map((ids) => ids.join(',')),
  fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 99 })).map((ends) => ends.join('-')),
);
const device = fc.constantFrom(
  '/dev/sda',
  'sdb',
  '8:0',
  '/dev/sda1',
  '/dev/none',
  '',
  'sev',
  'mlx5_0',
  'drm/0000:03:00.0/vram0',
);
const key = fc.constantFrom('rbps', 'wiops', 'enable', 'ctrl', 'rpct', 'rlat', 'min', 'max', 'hca_handle', 'speed');
const value = fc.oneof(
  plain,
  fc.tuple(device, plain).map((parts) => parts.join(':')),
  fc.tuple(device, plain).map((parts) => parts.join(' ')),
  fc
    .tuple(device, fc.constantFrom(':', ' '), key, plain)
    .map(([on, sign, name, text]) => `${on}${sign}${name}=${text}`),
);

/** Refused, or planned, written, read back and taken back. */
function check(words: readonly string[], texts: Readonly<Record<string, string>>): 'refused' | 'planned' {
  const files = fakeFiles(boxOf(texts));
  const context = contextOf(files);
  let plan: Plan;
  try {
    plan = planOf(context, words);
  } catch (error) {
    if (!(error instanceof BadValueError)) throw error;
    assert.not(error.message.includes('\n'), error.message);
    assert.not(error.message.includes('undefined'), error.message);
    return 'refused';
  }
  for (const { file, before, after } of plan.writes) {
    const limit = findLimit(file);
    const move = (from: string, to: string): string =>
      (limit?.commands?.(from, to) ?? [to]).reduce((text, command) => written(file, text, command), from);
    const now = move(before, after);
    assert.ok(sameValue(file, now, after, context.machine), `${file}: ${now} after ${after}`);
    const back = move(now, before);
    assert.ok(sameValue(file, back, before, context.machine), `${file}: ${back} is not ${before}`);
    assert.type(limit?.describe(after), 'string');
  }
  return 'planned';
}

/** How many of the lines were planned: a fuzz in which all are refused proves nothing. */
function run(line: fc.Arbitrary<readonly string[]>, least: number): void {
  let planned = 0;
  fc.assert(
    fc.property(line, fc.boolean(), (words, used) => {
      if (check(words, used ? USED : FRESH) === 'planned') planned++;
    }),
    { numRuns: RUNS },
  );
  assert.ok(planned >= least, `only ${planned} were planned`);
}

test('one flag with any value', () => run(fc.tuple(fc.constantFrom(...FLAGS), value), RUNS / 100));

test('systemd’s properties with any value', () => {
  const assignment = fc.tuple(fc.constantFrom(...PROPERTY_NAMES, 'NoSuch', 'constructor'), value);
  run(
    assignment.map((parts) => ['-p', parts.join('=')]),
    RUNS / 100,
  );
});

test('values that the flag takes, and any text at all', () => {
  const SIZES = ['1', '4095', '4097', '512M', '1.5g', '64MiB', '7%', 'max', '9223372036854771711'];
  const GOOD: Readonly<Record<string, readonly string[]>> = {
    '--cpu': ['1%', '50%', '33.3%', '250%', '50ms/100ms', 'max'],
    '--cpus': ['0.01', '1', '2.5', 'max'],
    '--cpu-burst': ['0', '1ms', '9999'],
    '--cpu-weight': ['1', '010', '10000'],
    '--cpu-shares': ['1', '2', '1024', '99999', '262144', '999999'],
    '--cpu-nice': ['-20', '-1', '0', '19'],
    '--cpu-uclamp-min': ['0', '12.345%', '100%', 'max'],
    '--cpuset-cpus': ['0', '0-3,8', '1,0,2', '0-7:1/2', 'max'],
    '--cpuset-mems': ['0', '0-1'],
    '--memory': SIZES,
    '--memory-high': SIZES,
    '--memory-reservation': SIZES,
    '--swap-high': SIZES,
    '--hugetlb-2MB': SIZES,
    '--memory-swap': ['-1', '0', '600M', '1T'],
    '--device-read-bps': ['/dev/sda:10mb', 'sdb:2', '8:0:max', 'max'],
    '--device-write-iops': ['/dev/sda:2', 'sdb:4294967294', 'max'],
    '--io-max': ['/dev/sda rbps=1M wbps=2M', 'sdb riops=5,wiops=max', 'max'],
    '--io-weight': ['1', '10000', '/dev/sda:5', 'sdb:default', '8:0:default'],
    '--blkio-weight': ['10', '500', '1000'],
    '--io-latency': ['/dev/sda:25ms', 'sdb:max'],
    '--io-cost-qos': ['/dev/sda enable=1', '8:0 rpct=50 min=20 max=90', 'sdb enable=0', '/dev/sda ctrl=auto'],
    '--pids-limit': ['1', '4194304', '-1'],
    '--misc': ['sev:0', 'sev_es:max'],
    '--rdma': ['mlx5_0:hca_handle=2,hca_object=max'],
    '--dmem': ['drm/0000:03:00.0/vram0:1G', 'drm/0000:03:00.0/stolen:max'],
  };
  const good = fc
    .constantFrom(...Object.keys(GOOD).filter((flag) => FLAGS.includes(flag)))
    .chain((flag) => fc.constantFrom(...(GOOD[flag] ?? [])).map((text) => [flag, text] as const));
  const some = fc
    .uniqueArray(good, { minLength: 1, maxLength: 5, selector: ([flag]) => flag })
    .map((pairs) => pairs.flat());
  const garbage = fc.tuple(fc.constantFrom(...FLAGS, '-p'), fc.string({ unit: 'grapheme', maxLength: 30 }));
  run(fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: garbage }), RUNS / 4);
});

test.run();
