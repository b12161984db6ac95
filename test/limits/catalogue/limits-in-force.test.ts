/** What is set beside what columns show, and what of it holds. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limitsInForce } from '../../../src/limits/catalogue/limits-in-force.ts';

const MIB = 2 ** 20;

const shown = (files: Readonly<Record<string, string>>): readonly string[] =>
  limitsInForce('/a/b', (path, file) => files[`${path}/${file}`]).map(
    ({ file, text, effective }) => `${file} ${text}${effective ? `; ${effective.text} from ${effective.from}` : ''}`,
  );

test('what nobody set is left out, and what the usage is shown with', () => {
  assert.equal(
    shown({
      '/a/b/cpu.max': '50000 100000',
      '/a/b/cpu.weight': '50',
      '/a/b/cpu.idle': '0',
      '/a/b/memory.low': '0',
      '/a/b/memory.oom.group': '0',
      '/a/b/io.weight': 'default 100',
      '/a/b/cpuset.cpus': '',
      '/a/b/cpuset.cpus.effective': '0-3',
      '/a/b/hugetlb.2MB.max': '9223372036854771712',
    }),
    [],
  );
  assert.equal(shown({ '/a/b/cpu.idle': '1', '/a/b/io.weight': 'default 50' }).length, 2);
});

test('CPUs: what the cpuset comes to, and whose it is', () => {
  const cpus = (own: string, above: string, effective: string): readonly string[] =>
    shown({ '/a/b/cpuset.cpus': own, '/a/cpuset.cpus': above, '/a/b/cpuset.cpus.effective': effective });
  assert.equal(cpus('0-3', '', '0-3'), ['cpuset.cpus CPUs 0-3']);
  assert.equal(cpus('0-3', '0-1', '0-1'), ['cpuset.cpus CPUs 0-3; 0-1 from /a']);
  assert.equal(cpus('', '0-1', '0-1'), ['cpuset.cpus CPUs of the parent; 0-1 from /a']);
});

test('a protection is worth no more than that of the cgroups above', () => {
  const low = (own: number, above: string): readonly string[] =>
    shown({ '/a/b/memory.low': String(own * MIB), '/a/memory.low': above });
  assert.equal(low(64, 'max'), ['memory.low 64 MiB']);
  assert.equal(low(64, String(16 * MIB)), ['memory.low 64 MiB; 16 MiB from /a']);
  assert.equal(low(64, '0'), ['memory.low 64 MiB; 0 B from /a']);
});

test.run();
