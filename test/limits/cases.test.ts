/**
 * Faults from the field by the number that they have in the project's list of cases, "Structure" and "Writing limits".
 * Some have their test where their like is tested: 54 and 74 on a kernel in test/cli/actions.test.ts and
 * test/guest/plain/actions.test.ts, 55 and 56 in test/limits/actions/rules.test.ts, 58 and 69 in risks.test.ts, 59 in
 * plan.test.ts, 68 and 70 in weights.test.ts, 75 in test/inventory/processes.test.ts. Each names its number.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identify } from '../../src/inventory/identity.ts';
import { CgroupFileError } from '../../src/kernel/cgroup-files.ts';
import { codeOf } from '../../src/kernel/error-code.ts';
import { startTimeOf } from '../../src/kernel/process-handle.ts';
import { inhabitants } from '../../src/kernel/subtree.ts';
import { freezeOrThaw, planFreeze } from '../../src/limits/actions/freeze.ts';
import { moveProcess } from '../../src/limits/actions/move.ts';
import { applyPlan } from '../../src/limits/applying/apply.ts';
import { driftOf, driftText } from '../../src/limits/applying/drift.ts';
import type { Change, Journal, Outcome } from '../../src/limits/applying/journal.ts';
import { BadValueError } from '../../src/limits/catalogue/units.ts';
import type { Write } from '../../src/limits/model.ts';
import { cgroupfsOwner } from '../../src/limits/owners/cgroupfs.ts';
import { dockerOwner } from '../../src/limits/owners/docker.ts';
import { podmanOwner } from '../../src/limits/owners/podman.ts';
import { propertiesOf } from '../../src/limits/owners/systemd-properties.ts';
import { NoSuchLimitError } from '../../src/limits/planning/missing.ts';
import { ownership } from '../../src/limits/planning/ownership.ts';
import { errorText } from '../../src/text/error-text.ts';
import { fakeHttp, json } from '../inventory/runtimes/fake-http.ts';
import { contextOf, type FakeFiles, fakeFiles } from './fake-files.ts';
import { boxOf, FRESH, planOf, writesOf } from './typed.ts';

/** In memory. */
function journal(): Journal {
  const changes: Change[] = [];
  return {
    path: '',
    begin: (change) => changes.push(change),
    end: (id: string, outcome: Outcome) => {
      const at = changes.findIndex((change) => change.id === id);
      const change = changes[at];
      if (change) changes[at] = { ...change, outcome };
    },
    read: () => ({ changes, unreadable: 0 }),
  };
}

const applying = (files: FakeFiles) => ({ ...contextOf(files), journal: journal(), command: ['test'] });

async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return errorText(error);
  }
}

test('case 54: what a threaded cgroup answers is known under both names, and its threads are read instead', () => {
  for (const code of ['ENOTSUP', 'EOPNOTSUPP']) {
    const error = new CgroupFileError('read', '/box', 'cgroup.procs', code);
    assert.match(error.message, new RegExp(`^read /box/cgroup.procs: ${code} \\(.*threaded cgroup`));
    assert.is(codeOf(error), 'ENOTSUP');
    const files = fakeFiles({ '/box/cgroup.threads': String(process.pid) });
    const threaded = {
      ...files,
      read: (path: string, file: string) => {
        if (file === 'cgroup.procs') throw error;
        return files.read(path, file);
      },
    };
    assert.equal(inhabitants(threaded, '/box').pids, [process.pid]);
    const stays = {
      ...files,
      write: () => {
        throw new CgroupFileError('write', '/box', 'cgroup.procs', code);
      },
    };
    const to = { name: 'box', path: '/box', inode: 7 };
    const self = { pid: process.pid, comm: 'node', startTime: startTimeOf(process.pid) ?? 0, from: '/', to, risks: [] };
    assert.throws(
      () => moveProcess(self, stays),
      /could not be moved: write \/box\/cgroup\.procs: E(OP)?NOTSUPP? \(the cgroup is threaded/,
    );
  }
});

test('case 60: systemd is asked where it has a property; past it, the reload that takes a write back is told, and seen', async () => {
  const bus = [{ runtime: 'systemd', path: '/bus', state: 'usable' }] as const;
  for (const path of ['/system.slice/web.service', '/system.slice/docker-0123.scope', '/machine.slice/x.scope']) {
    const target = { ...identify(path), path, inode: 7, name: 'web' };
    const files = fakeFiles({ [`${path}/cpu.max`]: 'max 100000' });
    const own = ownership(target, 'cpu.max', { files, owners: { sockets: bus } });
    assert.equal([own.place.via, own.place.subject, own.risks], ['systemd', path.split('/').at(-1), []]);
    const raw = ownership(target, 'cpu.max', { files, owners: { sockets: bus, via: 'cgroupfs' } });
    assert.match(raw.risks[0]?.text ?? '', /a daemon-reload or the unit's restart takes a raw write back/);
    const kept = ownership(target, 'cpu.max.burst', { files, owners: { sockets: bus } });
    assert.match(kept.risks[0]?.text ?? '', /no property for cpu.max.burst: it is lost when .* restarts/);
  }
  const path = '/system.slice/web.service';
  const files = fakeFiles({ [`${path}/pids.max`]: 'max' });
  const context = applying(files);
  await applyPlan(planOf(context, ['--pids', '40'], path), context);
  files.texts.set(`${path}/pids.max`, 'max');
  assert.match(driftOf(context.journal.read().changes, context).map(driftText).join(), /^systemd reverted pids.max/);
});

const write = (file: string, after: string): Write => ({
  ...{ name: 'web', path: '/x', inode: 7, file, before: '', after, via: 'docker', endpoint: '', subject: 'c0ffee' },
});

test('case 61: an update names what was asked for, and nothing else', async () => {
  const files = fakeFiles(boxOf(FRESH));
  const context = applying(files);
  await applyPlan(planOf(context, ['--memory', '512M']), context);
  assert.equal(files.writes, ['/box/memory.max=536870912']);
  assert.equal(
    propertiesOf('memory.max', '536870912').map(({ text }) => text),
    ['MemoryMax=536870912'],
  );

  const bodies: unknown[] = [];
  const engine = await fakeHttp((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (request.method === 'POST') bodies.push(JSON.parse(body));
      json(response, { HostConfig: { NanoCpus: 0, Memory: 0, MemorySwap: 0, CpuShares: 512, PidsLimit: 77 } });
    });
  });
  try {
    await dockerOwner(engine.socket, files).apply([write('pids.max', '40')]);
    await podmanOwner(engine.socket, files).apply([write('pids.max', '40')]);
    await podmanOwner(engine.socket, files).apply([write('cpu.max', '5000 10000')]);
  } finally {
    await engine.close();
  }
  assert.equal(bodies, [{ PidsLimit: 40 }, { pids: { limit: 40 } }, { cpu: { quota: 5000, period: 10000 } }]);
});

test('case 64: a quota or period that the kernel would refuse is refused before, with what would do', () => {
  const table: readonly [words: readonly string[], message: RegExp][] = [
    [['--cpu', '0.5%'], /give at least 1%/],
    [['--cpu-quota', '999'], /1000/],
    [['--cpu-period', '999'], /out of range; give 1ms to 1s/],
    [['--cpu-period', '2s'], /out of range; give 1ms to 1s/],
    [['-p', 'CPUQuota=0.1%'], /give at least 1%/],
  ];
  for (const [words, message] of table) {
    const files = fakeFiles(boxOf(FRESH));
    assert.throws(
      () => planOf(contextOf(files), words),
      (error: unknown) => error instanceof BadValueError && message.test(error.message),
      words.join(' '),
    );
  }
  assert.equal(writesOf(['--cpu-quota', '1000']), ['cpu.max=1000 100000']);
});

test('case 69: without swap accounting memory is limited all the same; only who asks for swap is told', async () => {
  const { 'memory.swap.max': _, 'memory.swap.high': __, ...texts } = FRESH;
  const kernel = {
    '/cgroup.controllers': 'memory',
    '/cgroup.subtree_control': 'memory',
    '/box/cgroup.type': 'domain',
    ...boxOf(texts),
  };
  const files = fakeFiles(kernel);
  const context = applying(files);
  await applyPlan(planOf(context, ['--memory', '512M', '--memory-high', '400M']), context);
  assert.equal(files.writes.sort(), ['/box/memory.high=419430400', '/box/memory.max=536870912']);
  for (const words of [
    ['--swap', '0'],
    ['--memory', '512M', '--memory-swap', '1G'],
    ['-p', 'MemorySwapMax=1G'],
  ]) {
    assert.throws(
      () => planOf(contextOf(fakeFiles(kernel)), words),
      (error: unknown) => error instanceof NoSuchLimitError && /swapaccount=1/.test(error.message),
      words.join(' '),
    );
  }
});

test('case 72: an empty property is no limit, and an owner that leaves the old one is found out', async () => {
  const used = { ...FRESH, 'cpu.max': '5000 100000', 'memory.max': '4096' };
  assert.equal(writesOf(['-p', 'CPUQuota='], used), ['cpu.max=max 100000']);
  assert.equal(writesOf(['-p', 'MemoryMax='], used), ['memory.max=max']);
  const files = fakeFiles(boxOf(used));
  const context = { ...applying(files), ownerOf: () => ({ ...cgroupfsOwner(files), apply: async () => {} }) };
  assert.match(
    await messageOf(applyPlan(planOf(context, ['-p', 'CPUQuota=']), context)),
    /cpu\.max reads "5000 100000" after "max 100000" was set/,
  );
});

test('case 74: a freeze that does not come about in time is thawed again, and says why', async () => {
  const files = fakeFiles({
    '/box/cgroup.freeze': '0',
    '/box/cgroup.events': 'populated 1\nfrozen 0',
    '/box/cgroup.procs': String(process.pid),
  });
  const context = applying(files);
  const target = { kind: 'cgroup' as const, name: 'box', path: '/box', inode: 7 };
  const change = await applyPlan(planFreeze([target], true, context), context);
  assert.is(files.texts.get('/box/cgroup.freeze'), '1');
  assert.match(
    await messageOf(freezeOrThaw(change, 100, context)),
    /^box \(\/box\) was not frozen within 0\.1 s: a task of it did not come to a stop; all of it is thawed again$/,
  );
  assert.is(files.texts.get('/box/cgroup.freeze'), '0');
  assert.is(context.journal.read().changes.at(-1)?.undoes, change.id);

  files.texts.set('/box/cgroup.events', 'populated 1\nfrozen 1');
  const again = await applyPlan(planFreeze([target], true, context), context);
  await freezeOrThaw(again, 100, context);
  assert.is(files.texts.get('/box/cgroup.freeze'), '1');
});

test('case 74: nor does one stay frozen that was interrupted, or whose neighbour ended meanwhile', async () => {
  const fake = fakeFiles({
    '/box/cgroup.freeze': '0',
    '/box/cgroup.events': 'populated 1\nfrozen 0',
    '/ended/cgroup.freeze': '0',
    '/ended/cgroup.events': 'populated 1\nfrozen 1',
  });
  const inode = (path: string): number => {
    fake.read(path, 'cgroup.events');
    return 7;
  };
  const files = { ...fake, inode };
  const context = applying(files);
  const targets = ['box', 'ended'].map((name) => ({ kind: 'cgroup' as const, name, path: `/${name}`, inode: 7 }));
  const freeze = () => applyPlan(planFreeze(targets, true, context), context);
  const interrupted = { ...context, signal: AbortSignal.abort() };
  assert.is(
    await messageOf(freezeOrThaw(await freeze(), 10_000, interrupted)),
    'interrupted; all of it is thawed again',
  );
  assert.is(files.texts.get('/box/cgroup.freeze'), '0');

  const change = await freeze();
  files.texts.delete('/ended/cgroup.freeze');
  files.texts.delete('/ended/cgroup.events');
  assert.match(await messageOf(freezeOrThaw(change, 10_000, context)), /^ended \(\/ended\) has ended; all of it/);
  assert.is(files.texts.get('/box/cgroup.freeze'), '0');
});

test.run();
