/** Plans for what the kernel does not take, or changes along with what it is told. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { contextOf, fakeFiles } from './fake-files.ts';
import { boxOf, FRESH, planOf } from './typed.ts';

test('the CPUs of a cgroup with tasks cannot be emptied: max sets those of its parent', () => {
  const texts = { ...boxOf({ ...FRESH, 'cpuset.cpus': '1' }), '/cpuset.cpus.effective': '0-3' };
  const planned = (populated: '0' | '1') =>
    planOf(contextOf(fakeFiles({ ...texts, '/box/cgroup.events': `populated ${populated}\nfrozen 0` })), [
      '--cpuset-cpus',
      'max',
    ]).writes[0];
  assert.is(planned('1')?.after, '0-3');
  assert.match(planned('1')?.notes.join() ?? '', /does not empty it while tasks are in it/);
  assert.equal([planned('0')?.after, planned('0')?.notes.join().includes('tasks')], ['', false]);
});

test.run();
