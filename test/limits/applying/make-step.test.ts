/** One step by itself: how far it came, as the roll-back needs to know. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import { makeStep, type StepContext } from '../../../src/limits/applying/make-step.ts';
import { cgroupfsOwner } from '../../../src/limits/owners/cgroupfs.ts';
import { type Owner, OwnerError } from '../../../src/limits/owners/owner.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';
import { boxOf, FRESH } from '../typed.ts';
import { writeOf } from '../world.ts';

const step = { writes: [writeOf('pids.max', 'max', '40')] } as const;

/** What came of the step, and what its owner was asked in which order. */
async function make(
  owner: Partial<Owner>,
  more: Partial<StepContext> = {},
  one: Parameters<typeof makeStep>[0] = step,
) {
  const files = more.files ?? fakeFiles(boxOf(FRESH));
  const asked: string[] = [];
  const whole: Owner = { ...cgroupfsOwner(files), ...owner };
  const told: Owner = {
    ...whole,
    confirm: (writes) => {
      asked.push('confirm');
      return whole.confirm(writes);
    },
    apply: (writes) => {
      asked.push('apply');
      return whole.apply(writes);
    },
  };
  const end = await makeStep(one, { ...contextOf(files), ...more, files, ownerOf: () => told });
  const { outcome } = end;
  return {
    asked: asked.join(' '),
    end: outcome === 'failed' ? `${end.reached}: ${String(end.error)}` : outcome,
    files,
  };
}

const fails = (error: Error) => async (): Promise<void> => {
  throw error;
};

test('the owner confirms first, then applies; the files are read back', async () => {
  const { asked, end, files } = await make({});
  assert.equal([asked, end, files.read('/box', 'pids.max')], ['confirm apply', 'done', '40\n']);
});

test('a subject that is another cgroup: nothing is asked for', async () => {
  const { asked, end } = await make({ confirm: fails(new OwnerError('web.service is /other')) });
  assert.equal([asked, end], ['confirm', 'asked: OwnerError: web.service is /other']);
});

test('an owner that fails in between, and one whose write does not stick', async () => {
  assert.is((await make({ apply: fails(new OwnerError('no')) })).end, 'writing: OwnerError: no');
  assert.match(
    (await make({ apply: async () => {} })).end,
    /^accepted: ApplyError: \/box\/pids.max reads "max" after "40"/,
  );
});

test('what has ended meanwhile is left out where that may be, and fails the step where it was named', async () => {
  const files = {
    ...fakeFiles(boxOf(FRESH)),
    inode: (path: string) => {
      throw new CgroupFileError('look up', path, '', 'ENOENT');
    },
  };
  const ended = { confirm: fails(new OwnerError('no such container')) };
  assert.is((await make(ended, { files, onEnded: () => {} })).end, 'gone');
  assert.is((await make(ended, { files })).end, 'asked: OwnerError: no such container');
  // The workload is alive, so it is the owner that fails.
  assert.match((await make(ended, { onEnded: () => {} })).end, /^asked/);
});

test('a workload that does not run: its owner is told, and nothing is read back; one that knows nothing of it is left out', async () => {
  const stopped = {
    writes: [
      { ...writeOf('pids.max', '40', 'max'), via: 'systemd', endpoint: '/bus', subject: 'a.service', ended: true },
    ],
  } as const;
  assert.is((await make({ apply: async () => {} }, {}, stopped)).end, 'done');
  const unknown = new OwnerError('systemctl', { cause: new Error('Unit a.service not found.') });
  assert.is((await make({ apply: fails(unknown) }, {}, stopped)).end, 'gone');
  assert.match((await make({ apply: fails(new OwnerError('down')) }, {}, stopped)).end, /^writing/);
});

test.run();
