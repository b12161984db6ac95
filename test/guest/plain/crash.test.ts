/** kill -9 swept over every write of a change of five: the journal leads back each time. */

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openCgroupFiles } from '../../../src/kernel/cgroup-files.ts';
import { readMachine } from '../../../src/kernel/machine.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { openJournal, stateDirectory } from '../../../src/limits/applying/journal.ts';
import { LIMITS } from '../../../src/limits/catalogue/catalogue.ts';
import { openOwner } from '../../../src/limits/owners/open-owner.ts';
import { planSet } from '../../../src/limits/planning/plan.ts';
import { type Box, MOUNT, STATE_DIR, tscg, withBox } from '../../boxes.ts';

const FILES = ['cpu.max', 'cpu.weight', 'memory.high', 'memory.max', 'pids.max'];

/** One change of five writes, killed at the point. */
async function dieWhileChanging(when: string, number: string, path: string): Promise<void> {
  const files = openCgroupFiles(MOUNT);
  const machine = readMachine();
  const context = { files, machine, ownPath: undefined, initPath: undefined, owners: { sockets: [] } };
  const wanted: Readonly<Record<string, string>> = {
    '--cpu': '50%',
    '--cpu-weight': '50',
    '--memory-high': '200M',
    '--memory': '256M',
    '--pids': '40',
  };
  const edits = LIMITS.flatMap((limit) =>
    limit.flags.flatMap(({ long, parse }) => {
      const text = wanted[long];
      return text === undefined ? [] : [{ limit, edit: parse(text, machine) }];
    }),
  );
  const target = { kind: 'cgroup' as const, name: 'box', path, inode: files.inode(path) };
  const plan = planSet([{ target, edits }], context);
  if (plan.writes.length !== 5) throw new Error(`${plan.writes.length} writes`);

  let written = 0;
  const dieAt = (point: string): void => {
    if (point === when && written === Number(number)) process.kill(process.pid, 'SIGKILL');
  };
  await applyPlan(plan, {
    files: {
      ...files,
      write: (...args) => {
        dieAt('before');
        files.write(...args);
        written++;
        dieAt('after');
      },
    },
    machine,
    journal: openJournal(stateDirectory()),
    command: ['crash'],
    ownerOf: openOwner,
  });
}

const textsOf = (box: Box) => FILES.map((file) => `${file}=${box.read(file)}`);

test('undo restores whatever a kill -9 left, before, between and after the writes', () =>
  withBox('/box', async (box) => {
    box.write('cpu.max', 'max 20000');
    box.write('memory.high', String(300 * 2 ** 20));
    const before = textsOf(box);
    let changed = 0;
    for (const point of ['before 0', 'after 1', 'after 2', 'after 3', 'after 4', 'after 5']) {
      const { signal, stderr } = spawnSync(
        process.execPath,
        [...process.execArgv, process.argv[1] ?? '', ...point.split(' '), box.path],
        {
          encoding: 'utf8',
          env: { ...process.env, TSCG_STATE_DIR: STATE_DIR },
        },
      );
      assert.is(signal, 'SIGKILL', `${point}: ${stderr}`);
      const left = textsOf(box).filter((text, index) => text !== before[index]).length;
      assert.is(left, Number(point.split(' ')[1]), point);
      changed += left;
      const undone = tscg('undo');
      assert.is(undone.status, 0, `${point}: ${undone.stderr}`);
      assert.equal(textsOf(box), before, point);
    }
    assert.is(changed, 15);
  }));

// This file is its own child, which argv tells where to die.
const [when, number = '', path = ''] = process.argv.slice(2);
if (when === undefined) test.run();
else await dieWhileChanging(when, number, path);
