/** Which processes a recorder reads again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessRecorder } from '../../src/recording/processes.ts';
import { snapshotOf } from '../metrics/snapshots.ts';

/** In /idle pid 10, in /busy pid 20. `used`: microseconds of CPU time of each so far; `pages`: of each process. */
async function readings(seconds: readonly { readonly used: readonly number[]; readonly pages: number }[]) {
  let pages = 0;
  let files: string[] = [];
  const textOf = (path: string): string | number => {
    if (path === '/m/idle/cgroup.procs') return '10\n';
    if (path === '/m/busy/cgroup.procs') return '20\n';
    const [, pid, name] = /^\/p\/(10|20)\/(\w+)$/.exec(path) ?? [];
    if (name === 'stat')
      return `${pid} (app) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 ${pid} 1000 ${pages} ${'0 '.repeat(27)}\n`;
    if (name === 'status') return `Pid:\t${pid}\nUid:\t0\t0\t0\t0\nNSpid:\t${pid}\n`;
    return '';
  };
  const recorder = createProcessRecorder({
    ...{ proc: '/p', mount: '/m' },
    readFiles: async (paths) => {
      files.push(...paths);
      return paths.map(textOf);
    },
  });
  const found: { readonly pages: readonly number[]; readonly files: number }[] = [];
  for (const [second, { used, pages: now }] of seconds.entries()) {
    pages = now;
    files = [];
    const rows = ['/idle', '/busy'].map((path, row) => ({ path, figures: { 'cpu.stat:usage_usec': used[row] ?? 0 } }));
    const { list } = await recorder.read(snapshotOf(second, rows));
    found.push({ pages: list.map(({ rssBytes }) => rssBytes / 4096), files: files.length });
  }
  return found;
}

test('a process is read again where something ran in its cgroup, and in one reading of twelve', async () => {
  const idle = { used: [5, 20], pages: 3 };
  const found = await readings([
    { used: [5, 10], pages: 1 },
    { used: [5, 20], pages: 2 },
    ...Array.from({ length: 9 }, () => idle),
    { used: [6, 20], pages: 4 },
    { used: [6, 20], pages: 5 },
    { used: [Number.NaN, Number.NaN], pages: 6 },
  ]);
  assert.equal(
    found.map(({ pages }) => pages),
    [[1, 1], [1, 2], ...Array.from({ length: 9 }, () => [1, 2]), [4, 2], [5, 5], [6, 6]],
  );
  assert.is(found[2]?.files, 0);
});

test.run();
