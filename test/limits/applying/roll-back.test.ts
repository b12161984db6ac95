/** Where a roll-back writes: only where the change did, and only after the owner has confirmed its subject. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import type { Reached } from '../../../src/limits/applying/make-step.ts';
import { otherLevels } from '../../../src/limits/applying/other-levels.ts';
import { rollBack } from '../../../src/limits/applying/roll-back.ts';
import type { Step } from '../../../src/limits/applying/steps.ts';
import type { Write } from '../../../src/limits/model.ts';
import { cgroupfsOwner } from '../../../src/limits/owners/cgroupfs.ts';
import { type Owner, OwnerError } from '../../../src/limits/owners/owner.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';
import { boxOf, FRESH } from '../typed.ts';
import { writeOf } from '../world.ts';

const pids = writeOf('pids.max', 'max', '40');
const throughUnit = { via: 'systemd', endpoint: '/bus', subject: 'box.service' } as const;

/** What is asked of the owner where the file says `now`, and the lines of what is stuck. */
async function back(
  steps: readonly (readonly [Step, Reached])[],
  now: Readonly<Record<string, string>>,
  owner: Partial<Owner> = {},
) {
  const files = fakeFiles(boxOf({ ...FRESH, ...now }));
  const asked: string[] = [];
  const told: Owner = {
    ...cgroupfsOwner(files),
    confirm: async () => {
      asked.push('confirm');
    },
    apply: async (writes: readonly Write[]) => {
      for (const { path, file, after } of writes) {
        asked.push(`${file}=${after}`);
        files.texts.set(`${path}/${file}`, after);
      }
    },
    ...owner,
  };
  const taken = steps.map(([step, reached]) => ({ step, reached }));
  const stuck = await rollBack(taken, { ...contextOf(files), ownerOf: () => told });
  return { asked: asked.join(' '), stuck };
}

test('a step that only asked its owner wrote nothing, whoever changed the file meanwhile', async () => {
  assert.is((await back([[{ writes: [pids] }, 'asked']], { 'pids.max': '99' })).asked, '');
  assert.is((await back([[{ writes: [pids] }, 'asked']], { 'pids.max': '40' })).asked, '');
});

test('a write that failed is taken back only where the file has what it wrote', async () => {
  for (const [now, asked] of [
    ['max', ''],
    ['40', 'confirm pids.max=max'],
    ['99', ''],
  ] as const)
    assert.is((await back([[{ writes: [pids] }, 'writing']], { 'pids.max': now })).asked, asked, now);
  const disks = writeOf(
    'io.max',
    '',
    '8:0 rbps=9000 wbps=max riops=max wiops=max\n8:16 rbps=5000 wbps=max riops=max wiops=max',
  );
  const half = '8:0 rbps=9000 wbps=max riops=max wiops=max';
  assert.is((await back([[{ writes: [disks] }, 'writing']], { 'io.max': half })).asked, 'confirm io.max=');
});

test('what an owner accepted it keeps, so that it is told again also where the file has its old value', async () => {
  const write = { ...pids, ...throughUnit };
  for (const now of ['max', '40'])
    assert.is((await back([[{ writes: [write] }, 'accepted']], { 'pids.max': now })).asked, 'confirm pids.max=max');
  assert.is((await back([[{ writes: [pids] }, 'accepted']], { 'pids.max': 'max' })).asked, '');
  assert.is((await back([[{ writes: [pids] }, 'accepted']], { 'pids.max': '40' })).asked, 'confirm pids.max=max');
});

test('steps and writes go back in the reverse order', async () => {
  const cpu = writeOf('cpu.max', 'max 100000', '50000 100000');
  const weight = writeOf('cpu.weight', '100', '200');
  const { asked } = await back(
    [
      [{ writes: [cpu, weight] }, 'accepted'],
      [{ writes: [pids] }, 'accepted'],
    ],
    { 'cpu.max': '50000 100000', 'cpu.weight': '200', 'pids.max': '40' },
  );
  assert.is(asked, 'confirm pids.max=max confirm cpu.weight=100 confirm cpu.max=max 100000');
});

test('a transient memory.high is restored where its step did not get to it', async () => {
  const high = { ...writeOf('memory.high', 'max', '104857600'), transient: true as const };
  const step: Step = { writes: [writeOf('memory.max', 'max', '104857600')], gently: { high } };
  assert.is((await back([[step, 'writing']], { 'memory.high': '180000000' })).asked, 'confirm memory.high=max');
  assert.is(
    (await back([[step, 'accepted']], { 'memory.max': '104857600', 'memory.high': '90000000' })).asked,
    'confirm memory.max=max',
  );
});

test('where the subject is another cgroup by now nothing is written, and that is told', async () => {
  const applied: string[] = [];
  const { stuck } = await back(
    [[{ writes: [{ ...pids, ...throughUnit }] }, 'accepted']],
    { 'pids.max': '40' },
    {
      confirm: async () => {
        throw new OwnerError('box.service is /other by now');
      },
      apply: async () => {
        applied.push('written');
      },
    },
  );
  assert.equal([applied, stuck], [[], ['box.service is /other by now']]);
});

test('what an engine set on another level too is taken back there, and nothing else', async () => {
  const mount = temporaryFolder();
  mkdirSync(join(mount, 'pod/ctr/container'), { recursive: true });
  const files = {
    ...fakeFiles({ '/pod/pids.max': 'max', '/pod/ctr/pids.max': 'max', '/pod/ctr/container/pids.max': '2048' }),
    mount,
  };
  const write = { ...pids, path: '/pod/ctr', via: 'podman', endpoint: '/podman', subject: 'c0ffee' } as const;
  const levels = otherLevels([write], files);
  assert.equal(
    levels.map(({ path, before }) => [path, before]),
    [
      ['/pod', 'max'],
      ['/pod/ctr/container', '2048'],
    ],
  );
  assert.equal(otherLevels([{ ...write, via: 'systemd' }], files), []);
  const owner: Owner = {
    ...cgroupfsOwner(files),
    // As crun: the new value on both levels, and back on the outer one alone.
    apply: async ([one]) => {
      files.texts.set('/pod/ctr/pids.max', one?.after ?? '');
      if (one?.after === '40') files.texts.set('/pod/ctr/container/pids.max', '40');
    },
  };
  await owner.apply([write]);
  files.texts.set('/pod/pids.max', '99');
  const context = { ...contextOf(files), ownerOf: () => owner };
  assert.equal(await rollBack([{ step: { writes: [write] }, reached: 'accepted', levels }], context), []);
  assert.equal(Object.fromEntries(files.texts), {
    '/pod/pids.max': '99',
    '/pod/ctr/pids.max': 'max',
    '/pod/ctr/container/pids.max': '2048',
  });
});

test('of what has ended nothing is left, unless its owner keeps it for the next start', async () => {
  const gone = {
    confirm: async () => {
      throw new CgroupFileError('read', '/box', 'pids.max', 'ENODEV');
    },
  };
  const now = { 'pids.max': '40' };
  assert.equal((await back([[{ writes: [pids] }, 'accepted']], now, gone)).stuck, []);
  const kept = { ...pids, ...throughUnit };
  assert.match(
    (await back([[{ writes: [kept] }, 'accepted']], now, gone)).stuck.join(),
    /systemd keeps the new value of/,
  );
});

test.run();
