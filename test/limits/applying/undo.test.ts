/** The way back where the world went on since: of files in memory, what undo and drift make of them. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../../src/inventory/runtimes/api-error.ts';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { driftOf } from '../../../src/limits/applying/drift.ts';
import { planRevert, planUndo, planUndoAll } from '../../../src/limits/applying/undo.ts';
import { type Owner, OwnerError } from '../../../src/limits/owners/owner.ts';
import { planOf } from '../typed.ts';
import { messageOf, ownerOn, through, world } from '../world.ts';

const MIB = 2 ** 20;

test('memory.high that was only passed through is none of a finished change: a later one stays', async () => {
  const { set, planUndo, becomes } = world({
    'memory.current': String(300 * MIB),
    'memory.stat': `inactive_file ${250 * MIB}`,
  });
  const lowering = set('--memory', '100M');
  becomes('memory.current', String(50 * MIB));
  const change = await lowering;
  assert.equal(
    change.writes.map(({ file }) => file),
    ['memory.high', 'memory.max'],
  );
  becomes('memory.high', String(80 * MIB));
  const { writes, risks } = planUndo(change);
  assert.equal(
    writes.map(({ file, after }) => `${file}=${after}`),
    ['memory.max=max'],
  );
  assert.equal(risks, []);
});

test('an undone change does not drift, also where its undo found nothing to write', async () => {
  const { set, undo, becomes, changes, context } = world();
  const change = await set('--cpu', '50%');
  becomes('cpu.max', 'max 100000');
  assert.is(driftOf(changes(), context).length, 1);
  await undo(change);
  assert.equal(changes().at(-1)?.writes, []);
  assert.equal(driftOf(changes(), context), []);

  const [, above] = [await set('--pids', '40'), await set('--pids', '20')];
  becomes('pids.max', '40');
  await undo(above);
  assert.equal(driftOf(changes(), context), []);
  becomes('pids.max', 'max');
  assert.equal(
    driftOf(changes(), context).map(({ write }) => write.after),
    ['40'],
  );
});

test('a kill -9 between two lines of one file is undone; a line of somebody else is refused', async () => {
  const { undo, planUndo, becomes, reads, context, changes, files } = world();
  const before = '8:0 rbps=9000 wbps=max riops=max wiops=max';
  const line = '8:16 rbps=5000 wbps=max riops=max wiops=max';
  becomes('io.max', before);
  const died = { ...context, journal: { ...context.journal, end: () => {} } };
  await applyPlan(planOf(context, ['--io-max', '8:0 rbps=max wiops=120', '--io-max', '/dev/sdb rbps=5000']), died);
  const [change] = changes();
  assert.ok(change);
  for (const [text, refused] of [
    [`${before}\n${line}`, 0],
    ['8:0 rbps=max wbps=max riops=max wiops=120', 0],
    ['', 0],
    [`${line}\n8:32 rbps=7000 wbps=max riops=max wiops=max`, 1],
  ] as const) {
    becomes('io.max', text);
    assert.is(planUndo(change).risks.length, refused, text);
    assert.is(planUndo({ ...change, outcome: 'applied' }).risks.length, 1, text);
  }
  becomes('io.max', `${before}\n${line}`);
  await undo(change);
  assert.is(reads('io.max'), before);
  assert.is(files.writes.at(-1), '/box/io.max=8:16 rbps=max wbps=max riops=max wiops=max');
});

test('a cgroup that was re-created since: what its owner set again is restored with --force, a raw write is gone', async () => {
  const restarted = { inode: () => 8 };
  const ended = {
    inode: (path: string) => {
      throw new CgroupFileError('look up', path, '', 'ENOENT');
    },
  };
  for (const [via, now, place, boot, refused, told] of [
    [
      'docker',
      '40',
      restarted,
      'boot-1',
      true,
      /re-created since \(another cgroup has .*docker set the "40" of change/,
    ],
    [
      'systemd',
      '40',
      restarted,
      'boot-2',
      true,
      /re-created since \(the machine has rebooted since\), and systemd set/,
    ],
    ['docker', 'max', restarted, 'boot-1', false, /another cgroup has this path now; nothing to restore$/],
    ['cgroupfs', '40', restarted, 'boot-1', false, /another cgroup has this path now; nothing to restore$/],
    ['cgroupfs', '40', ended, 'boot-1', false, /the cgroup has ended; nothing to restore$/],
  ] as const) {
    const { files, context, changes, becomes, reads } = world();
    const ownerOf = () => ownerOn(files);
    const made = through(planOf(context, ['--pids', '40']), via, 'web.service');
    const change = await applyPlan(made, { ...context, ownerOf });
    becomes('pids.max', now);
    const later = { ...context, ownerOf, files: { ...files, ...place }, machine: { ...context.machine, bootId: boot } };
    const plan = planUndo(change, later, changes());
    const what = `${via} ${now} ${boot} ${told}`;
    assert.match(plan.risks.map(({ text }) => text).join(), told, what);
    assert.equal(
      [plan.writes.map(({ inode, after }) => [inode, after]), plan.risks.map(({ level }) => level)],
      refused ? [[[8, 'max']], ['refuse']] : [[], ['warn']],
      what,
    );
    await applyPlan(plan, { ...later, undoes: change.id });
    assert.is(reads('pids.max'), refused ? 'max' : now, what);
  }
});

test('undo of --persist says where systemd keeps what was there before', async () => {
  const { files, context, changes } = world();
  for (const [persist, told] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const made = through(planOf(context, ['--pids', persist ? '40' : '50']), 'systemd', 'web.service');
    const writes = made.writes.map((write) => ({ ...write, persist }));
    const change = await applyPlan({ ...made, writes }, { ...context, ownerOf: () => ownerOn(files) });
    const notes = planUndo(change, context, changes()).writes.flatMap((write) => write.notes);
    assert.is(notes.filter((note) => note.includes('/etc/systemd/system.control/web.service.d')).length, told);
  }
});

test('undo of a thaw freezes, with the same guard: never where our own shell runs', async () => {
  const { context, changes } = world({ 'cgroup.freeze': '1', 'cgroup.procs': '' });
  const owner = { via: 'cgroupfs', endpoint: '', subject: '' } as const;
  const thaw = {
    name: 'box',
    path: '/box',
    inode: 7,
    file: 'cgroup.freeze',
    before: '1',
    after: '0',
    ...owner,
    notes: [],
  };
  const change = await applyPlan({ writes: [thaw], unchanged: [], risks: [] }, context);
  assert.equal(planUndo(change, context, changes()).risks, []);
  const [risk] = planUndo(change, { ...context, ownPath: '/box/shell' }, changes()).risks;
  assert.is(risk?.level, 'refuse');
  assert.match(risk?.text ?? '', /your shell run in box .*: freezing it would take the way back too/);
});

test('a workload that does not run: its owner is told for the next start, by undo and by the timer of --for', async () => {
  const ended = {
    inode: (path: string) => {
      throw new CgroupFileError('look up', path, '', 'ENOENT');
    },
    read: (path: string, file: string) => {
      throw new CgroupFileError('read', `${path}/${file}`, '', 'ENOENT');
    },
  };
  const unknown = new OwnerError('docker update', {
    cause: new ApiError('refused', 'No such container', { status: 404 }),
  });
  const unloaded = new OwnerError('systemctl', { cause: new Error('Unit web.service not found.') });
  const down = new OwnerError('docker update', { cause: new ApiError('no answer', 'it hangs') });
  for (const [via, subject, boot, told] of [
    ['docker', 'c0ffee', 'boot-1', true],
    ['docker', 'c0ffee', 'boot-2', true],
    ['systemd', 'web.service', 'boot-1', true],
    ['systemd', 'web.service', 'boot-2', false],
    ['systemd', 'run-1.scope', 'boot-1', false],
    ['cri', 'c0ffee', 'boot-1', false],
    ['cgroupfs', '', 'boot-1', false],
  ] as const) {
    const { files, context, changes } = world();
    const change = await applyPlan(through(planOf(context, ['--pids', '40']), via, subject), {
      ...context,
      ownerOf: () => ownerOn(files),
    });
    const later = { ...context, files: { ...files, ...ended }, machine: { ...context.machine, bootId: boot } };
    for (const plan of [planUndo(change, later, changes()), planRevert(change, later, changes()).plan]) {
      const what = `${via} ${subject} ${boot}`;
      const texts = plan.writes.map(({ before, after }) => `${before} → ${after}`);
      assert.equal([texts, plan.risks.length], told ? [['40 → max'], 0] : [[], 1], what);
      if (!told) continue;
      const asked: string[] = [];
      const owner = (error?: Error) => (): Owner => ({
        ...ownerOn(files),
        apply: async (writes) => {
          asked.push(...writes.map(({ file, after }) => `${file}=${after}`));
          if (error) throw error;
        },
      });
      await applyPlan(plan, { ...later, ownerOf: owner(), undoes: change.id });
      const gone = via === 'systemd' ? unloaded : unknown;
      await applyPlan(plan, { ...later, ownerOf: owner(gone), undoes: change.id });
      assert.equal(asked, ['pids.max=max', 'pids.max=max'], what);
      assert.match(
        await messageOf(applyPlan(plan, { ...later, ownerOf: owner(down) })),
        /docker update; nothing of this/,
      );
    }
  }
});

test('of a workload that does not run only the newest change is undone at once; both in their order', async () => {
  const { files, context, changes, becomes } = world();
  const ownerOf = (): Owner => ownerOn(files);
  const ended = {
    inode: (path: string) => {
      throw new CgroupFileError('look up', path, '', 'ENOENT');
    },
    read: (path: string, file: string) => {
      throw new CgroupFileError('read', `${path}/${file}`, '', 'ENOENT');
    },
  };
  const set = async (pids: string) =>
    applyPlan(through(planOf(context, ['--pids', pids]), 'docker'), { ...context, ownerOf });
  const [older, newer] = [await set('40'), await set('60')];
  const later = { ...context, files: { ...files, ...ended } };
  assert.match(
    planUndo(older, later, changes()).risks[0]?.text ?? '',
    /reads "60", not the "40" of .* changed it since/,
  );
  const { plan, left } = planRevert(older, later, changes());
  assert.equal([plan.writes.length, left.length], [0, 1]);
  assert.equal(
    planUndoAll([newer, older], later, changes()).map((one) => [one.plan.writes[0]?.after, one.plan.risks.length]),
    [
      ['40', 0],
      ['max', 0],
    ],
  );
  // Its undo, taken back once it runs again, is an ordinary write.
  const undone = await applyPlan(planUndo(newer, later, changes()), { ...later, ownerOf, undoes: newer.id });
  becomes('pids.max', '40');
  assert.is(planUndo(undone, context, changes()).writes[0]?.ended, undefined);
});

test('a failed change of a cgroup that ended meanwhile: what its owner keeps is told', async () => {
  for (const [via, subject, told, outcome] of [
    [
      'docker',
      'c0ffee',
      /docker keeps the new value of \/box\/pids\.max .*; finish with: tscg undo [0-9a-f]{8} --force/,
      'failed',
    ],
    ['systemd', 'run-1.scope', /nothing of this change is left/, 'rolled-back'],
    ['cgroupfs', '', /nothing of this change is left/, 'rolled-back'],
  ] as const) {
    const { files, context, changes } = world();
    const ended = (path: string, file: string): never => {
      throw new CgroupFileError('read', path, file, 'ENODEV');
    };
    const owner: Owner = {
      ...ownerOn(files),
      apply: async (writes) => {
        await ownerOn(files).apply(writes);
        files.read = ended;
      },
    };
    const message = await messageOf(
      applyPlan(through(planOf(context, ['--pids', '40']), via, subject), { ...context, ownerOf: () => owner }),
    );
    assert.match(message, told);
    assert.is(changes()[0]?.outcome, outcome);
  }
});

test.run();
