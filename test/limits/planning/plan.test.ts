import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import { startTimeOf } from '../../../src/kernel/process-handle.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { ApplyError } from '../../../src/limits/applying/context.ts';
import { driftOf, driftText, planReapply } from '../../../src/limits/applying/drift.ts';
import { openJournal, parseJournal } from '../../../src/limits/applying/journal.ts';
import { endReverter } from '../../../src/limits/applying/revert/reverter.ts';
import { changesToUndo, changeToUndo, planUndo, planUndoAll } from '../../../src/limits/applying/undo.ts';
import { findLimit, LIMITS } from '../../../src/limits/catalogue/catalogue.ts';
import { BadValueError } from '../../../src/limits/catalogue/units.ts';
import type { Plan, PlanContext } from '../../../src/limits/model.ts';
import { cgroupfsOwner } from '../../../src/limits/owners/cgroupfs.ts';
import type { Owner } from '../../../src/limits/owners/owner.ts';
import { planSet } from '../../../src/limits/planning/plan.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, type FakeFiles, fakeFiles } from '../fake-files.ts';

const BOX = {
  '/box/cpu.max': 'max 100000',
  '/box/memory.max': 'max',
  '/box/memory.high': 'max',
  '/box/memory.current': String(100 * 2 ** 20),
  '/box/pids.max': 'max',
  '/box/pids.current': '12',
};

/** As typed: `--cpu 50%`. */
function plan(context: PlanContext, line: string, path = '/box'): Plan {
  const words = line.split(' ');
  const edits = LIMITS.flatMap((limit) =>
    limit.flags.flatMap(({ long, parse }) => {
      const text = words[words.indexOf(long) + 1];
      return words.includes(long) && text !== undefined ? [{ limit, edit: parse(text, context.machine) }] : [];
    }),
  );
  return planSet([{ target: { kind: 'cgroup', name: 'box', path, inode: 7 }, edits }], context);
}

const afterOf = (line: string, cpuMax = 'max 100000') =>
  plan(contextOf(fakeFiles({ ...BOX, '/box/cpu.max': cpuMax })), line).writes.map(({ after }) => after);

function withJournal<T>(use: (directory: string) => T): T {
  const directory = temporaryFolder();
  const clear = () => rmSync(directory, { recursive: true });
  const result = use(directory);
  if (result instanceof Promise) result.then(clear, clear);
  else clear();
  return result;
}

const applyContext = (files: FakeFiles, directory: string) => ({
  ...contextOf(files),
  journal: openJournal(directory),
  command: ['set', 'box'],
});

test('50% is half of one CPU, in the period that is there', () => {
  assert.equal(afterOf('--cpu 50%'), ['50000 100000']);
  assert.equal(afterOf('--cpu 50%', 'max 20000'), ['10000 20000']);
  assert.equal(afterOf('--cpus 1.5'), ['150000 100000']);
  assert.equal(afterOf('--cpu 50ms/100ms', 'max 20000'), ['50000 100000']);
  assert.equal(afterOf('--cpu max', '50000 20000'), ['max 20000']);
  assert.equal(afterOf('--cpu-period 50ms', '50000 100000'), ['25000 50000']);
  assert.equal(afterOf('--cpu 50% --cpu-period 50ms'), ['25000 50000']);
  assert.equal(afterOf('--cpu-quota 50ms --cpu-period 200ms'), ['50000 200000']);
});

test('the plan says which 50% was taken', () => {
  const { writes } = plan(contextOf(fakeFiles(BOX)), '--cpu 50%');
  assert.match(writes[0]?.notes.join() ?? '', /0\.5 of one CPU \(12\.5% of this machine's 4\)/);
});

test('a size that is no whole number of pages: the plan says what it becomes, and what is set is no change', () => {
  const set = plan(contextOf(fakeFiles(BOX)), '--memory 200000000');
  assert.match(set.writes[0]?.notes.join() ?? '', /the kernel rounds it down to whole pages: 199999488$/);
  const again = plan(contextOf(fakeFiles({ ...BOX, '/box/memory.max': '199999488' })), '--memory 200000000');
  assert.equal([again.writes.length, again.unchanged.length], [0, 1]);
});

test('values outside what the kernel takes are refused before anything is written', () => {
  for (const line of [
    '--cpu 0%',
    '--cpu 0.5%',
    '--cpu abc',
    '--cpu 0',
    '--cpu 50',
    '--cpu -5%',
    '--cpus 0',
    '--cpu-period 2s',
    '--memory 1.5X',
    '--pids -2',
    '--cpu-weight 0',
    '--cpu 1e9%',
    '--cpu 99999999999%',
  ]) {
    assert.throws(
      () => plan(contextOf(fakeFiles(BOX)), line),
      (error: unknown) => error instanceof BadValueError,
      line,
    );
  }
});

test('what does not go with what a workload has says whose it is', () => {
  const files = fakeFiles({ '/b/cpu.max.burst': '0', '/b/cpu.max': '1000 100000' });
  assert.throws(() => plan(contextOf(files), '--cpu-burst 5ms', '/b'), /^box: a burst of 5ms is more than/);
});

test('case 59: memory below what is in use is refused, with the numbers and a safer command', () => {
  const { risks } = plan(contextOf(fakeFiles(BOX)), '--memory 64M');
  assert.is(risks[0]?.level, 'refuse');
  assert.match(risks[0]?.text ?? '', /uses 100 MiB, 36 MiB more than 64 MiB/);
  assert.match(risks[0]?.remedy ?? '', /tscg set box --memory-high 67108864/);
  assert.equal(plan(contextOf(fakeFiles(BOX)), '--memory 200M').risks, []);
  assert.is(plan(contextOf(fakeFiles(BOX)), '--memory-high 64M').risks[0]?.level, 'warn');
});

test('our own cgroup, its ancestors and that of pid 1 are refused', () => {
  const files = fakeFiles({
    '/user/cpu.max': 'max 100000',
    '/init.scope/cpu.max': 'max 100000',
    '/use/cpu.max': 'max 100000',
  });
  for (const path of ['/user', '/init.scope']) {
    assert.ok(
      plan(contextOf(files), '--cpu 50%', path).risks.some(
        ({ level, text }) => level === 'refuse' && text.includes('lock you out'),
      ),
      path,
    );
  }
  assert.equal(plan(contextOf(files), '--cpu 50%', '/use').risks, []);
});

test('an ancestor that holds it tighter is named', () => {
  const files = fakeFiles({ '/pod/cpu.max': '20000 100000', '/pod/box/cpu.max': 'max 100000' });
  assert.match(
    plan(contextOf(files), '--cpu 50%', '/pod/box').writes[0]?.notes.join() ?? '',
    /\/pod already limits it to 20% of one CPU/,
  );
});

test('several cgroups in one change: the parent is raised first, and lowered last', () => {
  const texts = (value: string) =>
    Object.fromEntries(['/a', '/a/b', '/a/b/c'].map((path) => [`${path}/pids.max`, value]));
  const order = (paths: readonly string[], before: string, after: string): string => {
    const context = contextOf(fakeFiles({ ...texts(before), '/z/pids.max': before }));
    const limit = findLimit('pids.max') ?? LIMITS[0];
    if (!limit) return '';
    const requests = paths.map((path) => ({
      target: { kind: 'cgroup' as const, name: path, path, inode: 7 },
      edits: [{ limit, edit: { after: () => after } }],
    }));
    return planSet(requests, context)
      .writes.map(({ path }) => path)
      .join(' ');
  };
  assert.is(order(['/a/b', '/a/b/c', '/a'], '10', '20'), '/a /a/b /a/b/c');
  assert.is(order(['/a/b', '/a', '/a/b/c'], 'max', '20'), '/a/b/c /a/b /a');
  assert.is(order(['/z', '/a'], 'max', '20'), '/z /a');
});

test('what already says so is not written', () => {
  const { writes, unchanged } = plan(contextOf(fakeFiles(BOX)), '--cpu max --pids max');
  assert.equal(writes, []);
  assert.equal(
    unchanged.map(({ file }) => file),
    ['cpu.max', 'pids.max'],
  );
});

test('applied, journalled, read back as the kernel rounds, undone to the byte', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const change = await applyPlan(plan(context, '--cpu 50% --memory 209715300'), context);
    assert.is(files.texts.get('/box/memory.max'), String(209715300 - (209715300 % 4096)));
    const undone = planUndo(changeToUndo(context.journal.read().changes) ?? change, context);
    assert.equal(undone.risks, []);
    await applyPlan(undone, { ...context, undoes: change.id });
    for (const [file, text] of Object.entries(BOX)) assert.is(files.texts.get(file), text);
    assert.is(changeToUndo(context.journal.read().changes), undefined);
  }));

test('the journal is on disk before the first write', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    let seen = '';
    files.beforeWrite = () => {
      seen ||= readFileSync(join(directory, 'journal.jsonl'), 'utf8');
    };
    await applyPlan(plan(context, '--cpu 50%'), context);
    assert.is(parseJournal(seen).changes[0]?.writes[0]?.after, '50000 100000');
  }));

test('no journal, no write', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const context = applyContext(files, join(file, 'below-a-file'));
    try {
      await applyPlan(plan(context, '--cpu 50%'), context);
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), /nothing was changed.*TSCG_STATE_DIR/);
    }
    assert.equal(files.writes, []);
  }));

test('a failure half-way takes back what was written, in the reverse order', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    files.beforeWrite = (path, file) => {
      if (file === 'pids.max') throw new CgroupFileError('write', path, file, 'EINVAL');
    };
    try {
      await applyPlan(plan(context, '--cpu 50% --memory 200M --pids 40'), context);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, ApplyError);
      assert.match(String(error), /pids\.max: EINVAL.*nothing of this change is left/);
    }
    for (const [name, text] of Object.entries(BOX)) assert.is(files.texts.get(name), text);
    assert.equal(files.writes.slice(-2), ['/box/memory.max=max', '/box/cpu.max=max 100000']);
    assert.is(context.journal.read().changes[0]?.outcome, 'rolled-back');
  }));

test('what ends meanwhile is left out where many are meant, and fails the change where it was named', () =>
  withJournal(async (directory) => {
    const fake = fakeFiles({ ...BOX, '/gone/cpu.max': 'max 100000', '/last/cpu.max': 'max 100000' });
    const files = { ...fake, inode: (path: string) => (path === '/gone' ? 8 : 7) };
    fake.beforeWrite = (path, file) => {
      if (path === '/gone') throw new CgroupFileError('write', path, file, 'ENODEV');
    };
    const context = applyContext(files, directory);
    const targets = ['/box', '/gone', '/last'];
    const [write] = plan(context, '--cpu 50%').writes;
    assert.ok(write);
    const writes = targets.map((path) => ({ ...write, path, name: path }));
    const ended: string[] = [];
    await applyPlan(
      { writes, unchanged: [], risks: [] },
      { ...context, onEnded: ({ name }: { name: string }) => ended.push(name) },
    );
    assert.equal(ended, ['/gone']);
    assert.is(files.texts.get('/last/cpu.max'), '50000 100000');
    const now = (path: string): string => files.texts.get(`${path}/cpu.max`) ?? '';
    try {
      await applyPlan(
        {
          writes: writes.map((one) => ({ ...one, before: now(one.path), after: '9000 100000' })),
          unchanged: [],
          risks: [],
        },
        context,
      );
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), /gone\/cpu\.max: ENODEV.*nothing of this change is left/);
    }
  }));

test('a plan that another tscg has overtaken is not carried out: undo would restore what was not there', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const made = plan(context, '--cpu 50% --pids 40');
    await applyPlan(plan(context, '--pids 20'), context);
    const error = await applyPlan(made, context).then(() => '', String);
    assert.match(error, /\/box\/pids\.max reads "20" by now, not the "max" of the plan: try again; nothing of this/);
    assert.equal([files.texts.get('/box/cpu.max'), files.texts.get('/box/pids.max')], ['max 100000', '20']);
  }));

test('case 72: a value that did not stick is an error, not a success', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = {
      ...applyContext(files, directory),
      ownerOf: () => ({ ...cgroupfsOwner(files), apply: async () => {} }),
    };
    try {
      await applyPlan(plan(context, '--cpu 50%'), context);
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), /reads "max 100000" after "50000 100000"/);
    }
  }));

/** As systemd sets them: the writes of one owner that keeps properties of its own, told what it is asked for. */
function systemdPlan(context: PlanContext, line: string): Plan {
  const { writes, ...rest } = plan(context, line);
  return {
    ...rest,
    writes: writes.map((write) => ({ ...write, via: 'systemd', endpoint: '/bus', subject: 'box.service' })),
  };
}

test('a file that goes away with its controller is no limit: systemd took it back, undone or not', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const systemd: Owner = {
      ...cgroupfsOwner(files),
      apply: async (writes) => {
        for (const { path, file, after } of writes) {
          if (after === 'max 100000') files.texts.delete(`${path}/${file}`);
          else files.texts.set(`${path}/${file}`, after);
        }
      },
    };
    const context = { ...applyContext(files, directory), ownerOf: () => systemd };
    const change = await applyPlan(systemdPlan(context, '--cpu 50%'), context);
    await applyPlan(planUndo(change, context), { ...context, undoes: change.id });
    assert.not(files.texts.has('/box/cpu.max'));
    assert.equal(planUndo(change, context).writes, []);

    files.texts.set('/box/cpu.max', 'max 100000');
    const again = await applyPlan(systemdPlan(context, '--cpu 50%'), context);
    files.texts.delete('/box/cpu.max');
    const drifts = driftOf(context.journal.read().changes, context);
    assert.equal(
      drifts.map(({ change, now }) => `${change.id} ${now}`),
      [`${again.id} max 100000`],
    );
  }));

test('what an owner accepted is taken back through it, also where the file has its old value', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const asked: string[] = [];
    const ownerOf = ({ endpoint }: { endpoint: string }): Owner => ({
      ...cgroupfsOwner(files),
      apply: async (writes) => {
        if (endpoint === '/other') {
          files.texts.set('/box/cpu.max', 'max 100000');
          throw new Error('no such unit');
        }
        for (const { path, file, after } of writes) {
          asked.push(`${file}=${after}`);
          files.texts.set(`${path}/${file}`, after);
        }
      },
    });
    const context = { ...applyContext(files, directory), ownerOf };
    const { writes, ...rest } = systemdPlan(context, '--cpu 50% --pids 40');
    const split = writes.map((write) => (write.file === 'pids.max' ? { ...write, endpoint: '/other' } : write));
    try {
      await applyPlan({ ...rest, writes: split }, context);
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), /no such unit; nothing of this change is left/);
    }
    assert.equal(asked, ['cpu.max=50000 100000', 'cpu.max=max 100000']);
  }));

test('undo refuses a value that somebody else changed since, and a cgroup that is another', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const change = await applyPlan(plan(context, '--cpu 50%'), context);
    files.texts.set('/box/cpu.max', '70000 100000');
    const refused = planUndo(change, context);
    assert.is(refused.risks[0]?.level, 'refuse');
    assert.is(refused.writes[0]?.after, 'max 100000');
    const other = planUndo(change, { ...context, files: { ...files, inode: () => 8 } });
    assert.equal(other.writes, []);
    assert.match(other.risks[0]?.text ?? '', /another cgroup/);
    const booted = planUndo(change, { ...context, machine: { ...context.machine, bootId: 'boot-2' } });
    assert.equal(booted.writes, []);
  }));

test('several changes of one file are planned back one after another, the newest first', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    for (const line of ['--cpu 50%', '--pids 40', '--cpu 20%']) await applyPlan(plan(context, line), context);
    const { changes } = context.journal.read();
    const planned = planUndoAll(changesToUndo(changes), context, changes);
    assert.equal(
      planned.map(({ plan: { writes, risks } }) => [
        ...writes.map(({ before, after }) => `${before} → ${after}`),
        risks.length,
      ]),
      [
        ['20000 100000 → 50000 100000', 0],
        ['40 → max', 0],
        ['50000 100000 → max 100000', 0],
      ],
    );
    for (const { change, plan } of planned) await applyPlan(plan, { ...context, undoes: change.id });
    for (const [name, text] of Object.entries(BOX)) assert.is(files.texts.get(name), text);
    assert.equal(changesToUndo(context.journal.read().changes), []);
  }));

test('whoever waits to take a change back is ended when it is undone, and when it never came about', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const sleeper = () => {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      const pid = child.pid ?? 0;
      const ended = once(child, 'exit');
      return { child, ended, reverter: { kind: 'process', pid, startTime: startTimeOf(pid) ?? 0 } as const };
    };
    const [undone, failed, other] = [sleeper(), sleeper(), sleeper()];
    try {
      const change = await applyPlan(plan(context, '--cpu 50%'), { ...context, reverter: undone.reverter });
      assert.equal(context.journal.read().changes[0]?.reverter, undone.reverter);
      await applyPlan(planUndo(change, context), { ...context, undoes: change.id });
      assert.equal(await undone.ended, [null, 'SIGTERM']);

      files.beforeWrite = (path, file) => {
        throw new CgroupFileError('write', path, file, 'EINVAL');
      };
      await applyPlan(plan(context, '--cpu 50%'), { ...context, reverter: failed.reverter }).catch(() => {});
      assert.equal(await failed.ended, [null, 'SIGTERM']);

      // Its pid is another's by now.
      await endReverter({ ...other.reverter, startTime: other.reverter.startTime + 1 });
      assert.is(other.child.kill(0), true);
    } finally {
      for (const { child } of [undone, failed, other]) child.kill('SIGKILL');
    }
  }));

test('drift names who changed what, and reapply sets it again; an undone change does not drift', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const change = await applyPlan(plan(context, '--cpu 50% --pids 40'), context);
    assert.equal(driftOf(context.journal.read().changes, context), []);
    files.texts.set('/box/cpu.max', 'max 100000');
    const drifts = driftOf(context.journal.read().changes, context);
    assert.equal(drifts.map(driftText), [
      `another writer reverted cpu.max of box: it reads max 100000, not 50000 100000 of change ${change.id}`,
    ]);
    const throughSystemd = drifts.map((drift) => ({ ...drift, write: { ...drift.write, via: 'systemd' as const } }));
    assert.equal(
      planReapply(throughSystemd, context).writes.map(({ property }) => property),
      ['CPUQuotaPerSecUSec=500000 CPUQuotaPeriodUSec=100000'],
    );
    // One that is under way has not drifted, nor has what it overwrites.
    context.journal.begin({ ...change, id: '00000001' });
    assert.equal(driftOf(context.journal.read().changes, context), []);
    context.journal.end('00000001', 'failed');
    await applyPlan(planReapply(drifts, context), context);
    assert.is(files.texts.get('/box/cpu.max'), '50000 100000');
    assert.equal(driftOf(context.journal.read().changes, context), []);
    await applyPlan(planUndo(change, context), { ...context, undoes: change.id });
    assert.equal(driftOf(context.journal.read().changes, context), []);
  }));

test('a change that died before its end is undone from what the files say', () =>
  withJournal(async (directory) => {
    const files = fakeFiles(BOX);
    const context = applyContext(files, directory);
    const change = await applyPlan(plan(context, '--cpu 50% --memory 200M'), context);
    const path = join(directory, 'journal.jsonl');
    const [begin = ''] = readFileSync(path, 'utf8').trim().split('\n');
    writeFileSync(path, `${begin}\n{"type":"end","id":"${change.id}","outc`);
    files.texts.set('/box/memory.max', 'max');
    const { changes, unreadable } = context.journal.read();
    assert.is(unreadable, 1);
    const crashed = changeToUndo(changes);
    assert.is(crashed?.outcome, undefined);
    const undone = planUndo(crashed ?? change, context);
    assert.equal(
      undone.writes.map(({ file, after }) => `${file}=${after}`),
      ['cpu.max=max 100000'],
    );
    await applyPlan(undone, { ...context, undoes: change.id });
    for (const [name, text] of Object.entries(BOX)) assert.is(files.texts.get(name), text);
  }));

test.run();
