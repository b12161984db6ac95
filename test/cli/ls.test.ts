/** tscg ls on the real mount, against cpu.stat read by hand. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { render } from '../../src/cli/commands/ls.ts';
import { field } from '../../src/diagnosis/fields.ts';
import { BUSY, MOST_OUTPUT, MOUNT, onMount, TSCG, tscg, withBox } from '../boxes.ts';
import { frameOf } from '../dashboard/frames.ts';

const mountTest = onMount(test);

const ROOT = `/tscg-test-ls-${process.pid}`;

type Row = Readonly<Record<string, unknown>>;

function rowsOf(text: string): Row[] {
  const value: unknown = JSON.parse(text);
  assert.ok(Array.isArray(value));
  return value;
}

const rowAt = (rows: readonly Row[], path: string): Row | undefined => rows.find((row) => row.path === path);

/** Lines of `tscg ls --watch --json`, one Frame each. */
function watch(...args: string[]) {
  const child = spawn(process.execPath, [TSCG, 'ls', '--watch', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    next: async (): Promise<Row[]> => {
      const { value, done } = await lines.next();
      assert.not(done, 'tscg ls --watch ended');
      return rowsOf(String(value));
    },
    stop: async (): Promise<number | null> => {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      const [code] = await ended;
      return typeof code === 'number' ? code : null;
    },
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
  };
}

mountTest('cpu_percent is what cpu.stat read by hand gives over the same time; the others have 0', () =>
  withBox(`${ROOT}/busy`, (busy) =>
    withBox(`${ROOT}/idle`, (idle) =>
      withBox(`${ROOT}/empty`, async () => {
        await busy.run(BUSY);
        await idle.run('exec sleep 1000');
        const frames = watch('--delay', '2');
        try {
          await frames.next();
          const [used, at] = [busy.figure('cpu.stat', 'usage_usec'), performance.now()];
          const rows = await frames.next();
          const share = (busy.figure('cpu.stat', 'usage_usec') - used) / (performance.now() - at) / 10;
          const shown = Number(rowAt(rows, `${ROOT}/busy`)?.cpu_percent);
          // The two intervals are not quite the same, and what else runs is not the same in both.
          assert.ok(
            shown > 0 && shown < share * 1.5 + 3 && shown > share / 1.5 - 3,
            `${shown} shown, ${share} by hand`,
          );
          assert.is(rowAt(rows, `${ROOT}/idle`)?.cpu_percent, 0);
          assert.is(rowAt(rows, `${ROOT}/empty`)?.cpu_percent, 0);
        } finally {
          await frames.stop();
        }
      }),
    ),
  ),
);

mountTest('removed and made again at once: unavailable for one interval, never a spike', () =>
  withBox(`${ROOT}/other`, async () => {
    const again = join(MOUNT, ROOT, 'again');
    mkdirSync(again);
    const frames = watch('--delay', '0.3');
    try {
      while (rowAt(await frames.next(), `${ROOT}/again`)?.cpu_percent !== 0);
      rmdirSync(again);
      mkdirSync(again);
      const seen: unknown[] = [];
      while (seen.filter((value) => value === 0).length < 2 || !seen.includes(null)) {
        const row = rowAt(await frames.next(), `${ROOT}/again`);
        if (row) seen.push(row.cpu_percent);
        assert.ok(seen.length < 50, `the new cgroup was never told from the old one: ${JSON.stringify(seen)}`);
      }
      assert.equal(
        seen.filter((value) => value !== 0),
        [null],
      );
    } finally {
      await frames.stop();
      rmdirSync(again);
    }
  }),
);

mountTest("a network namespace of its own has its figures; the host's, or several, have none and say why", () =>
  withBox(`${ROOT}/own`, (own) =>
    withBox(`${ROOT}/shared`, (shared) =>
      withBox(`${ROOT}/mixed`, async (mixed) => {
        const lone = 'exec unshare --net sh -c "ip link set lo up 2>/dev/null; exec sleep 1000"';
        await own.run(lone);
        await shared.run('exec sleep 1000');
        await withBox(`${ROOT}/mixed/a`, (a) =>
          withBox(`${ROOT}/mixed/b`, async (b) => {
            await a.run(lone);
            await b.run(lone);
            let rows: Row[] = [];
            // The shell is in its cgroup a moment before it has its namespace.
            while (rowAt(rows, own.path)?.net_rx_bytes_per_second !== 0)
              rows = rowsOf(tscg('ls', '--json', '-d', '0.3').stdout);
            assert.is(rowAt(rows, shared.path)?.net_rx_bytes_per_second, null);
            assert.is(rowAt(rows, mixed.path)?.net_rx_bytes_per_second, null);
            assert.match(tscg('get', shared.path, '-d', '0.2').stdout, /NET RX +-- +it shares the host's network/);
            assert.match(
              tscg('get', mixed.path, '-d', '0.2').stdout,
              /NET RX +-- +its processes are in several network namespaces/,
            );
          }),
        );
      }),
    ),
  ),
);

mountTest('Ctrl-C ends --watch with exit code 0; --iterations ends it by itself', async () => {
  const frames = watch('--delay', '0.2');
  await frames.next();
  assert.is(await frames.stop(), 0);
  const { stdout, status } = tscg('ls', '--watch', '-n', '2', '-d', '0.2', '--csv');
  assert.is(status, 0);
  assert.is(stdout.split('\n').filter((line) => line.startsWith('path,name,kind,owner')).length, 2);
});

test('a reader that has had enough ends it without a word', () => {
  const { stderr, stdout } = spawnSync(
    'sh',
    ['-c', `${process.execPath} ${TSCG} ls --watch --json -d 0.2 | head -n 1`],
    { encoding: 'utf8', maxBuffer: MOST_OUTPUT },
  );
  assert.is(stderr, '');
  assert.is(stdout.split('\n').length, 2);
});

mountTest('ls has the columns and the order that were asked for, as a table and as JSON', () =>
  withBox(`${ROOT}/a`, async (box) => {
    await box.run(BUSY);
    const table = tscg('ls', '-d', '0.3', '--columns', 'cpu_percent,pids', '--sort', 'name').stdout.split('\n');
    assert.match(table[0] ?? '', /^NAME +CPU % +PIDS +KIND$/);
    const names = table.slice(1, -1).map((line) => line.split(' ')[0] ?? '');
    assert.equal(
      names,
      [...names].sort((x, y) => x.localeCompare(y)),
    );
    const [object] = rowsOf(tscg('ls', '-d', '0.3', '--json', '--columns', 'cpu').stdout);
    const keys = Object.keys(object ?? {});
    assert.equal([keys[0], keys.at(-1)], ['path', 'cpu_percent']);
    assert.not(keys.includes('memory_bytes'));
  }),
);

test('a row has its image, where one is known', () => {
  const frame = frameOf([
    { name: 'web', cpu: 20, facts: { runtime: 'docker', image: 'nginx:1.27' } },
    {
      name: 'box',
      cpu: 10,
      kind: 'machine',
      facts: { runtime: 'lxc', details: { runtime: 'incus', id: '', name: '' } },
    },
  ]);
  const lines = (...rows: number[]): string[] => render(frame, rows, [field('cpu_percent')], {}, false).split('\n');
  assert.equal(lines(0, 1), [
    'NAME  CPU %  KIND              IMAGE',
    'web    20.0  docker container  nginx:1.27',
    'box    10.0  incus machine',
  ]);
  assert.equal(lines(1), ['NAME  CPU %  KIND', 'box    10.0  incus machine']);
  const json = rowsOf(render(frame, [0, 1], [], { json: true, columns: 'none' }, false));
  assert.equal(
    json.map(({ owner, image }) => [owner, image]),
    [
      ['docker', 'nginx:1.27'],
      ['incus', null],
    ],
  );
});

test('output that cannot be written is one line and exit code 1', () => {
  const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" ls > /dev/full`, process.execPath, TSCG], {
    encoding: 'utf8',
  });
  assert.equal([status, stderr], [1, 'tscg: the output could not be written: ENOSPC\n']);
});

mountTest('a change is finished though nobody reads what is said of it', () =>
  withBox(`${ROOT}-unread`, async (box) => {
    const script = `exec "$0" "$1" freeze "$2" > /dev/full`;
    const { status } = spawnSync('sh', ['-c', script, process.execPath, TSCG, box.path], { encoding: 'utf8' });
    assert.is(status, 1);
    assert.is(box.figure('cgroup.events', 'frozen'), 1);
  }),
);

test('a terminal that does not know its size, as a serial line, gets whole rows', () => {
  // script(1) without a terminal of its own gives one of 0 by 0.
  const { stdout } = spawnSync('script', ['-qec', `'${process.execPath}' '${TSCG}' ls --all`, '/dev/null'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.match(stdout, /^NAME +VERDICT +CPU %/);
});

test.run();
