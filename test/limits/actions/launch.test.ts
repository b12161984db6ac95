/** What `tscg run` and `tscg try` work out beforehand and afterwards, by table. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError, type CgroupFiles } from '../../../src/kernel/cgroup-files.ts';
import { parseControllers } from '../../../src/kernel/controllers.ts';
import { comparePressure, readPressure } from '../../../src/limits/applying/revert/pressure.ts';
import { checkKernel, NAMESPACES, prepare, type UnsharedKind } from '../../../src/limits/launch/namespaces.ts';
import { makePlace, planPlace } from '../../../src/limits/launch/place.ts';
import { readSummary, summaryText } from '../../../src/limits/launch/summary.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeFiles } from '../fake-files.ts';

const steps = (namespaces: readonly UnsharedKind[], more: { rootfs?: string } = {}) =>
  prepare({ namespaces: new Set(namespaces), hostname: 'box', mount: '/sys/fs/cgroup', ...more });

test('namespaces: the flags for clone3, and the steps in the child', () => {
  assert.equal([steps([]).flags, steps([]).steps.length], [0, 0]);
  const { flags, steps: made } = steps(['pid', 'mount', 'uts', 'net']);
  assert.is(flags, NAMESPACES.pid + NAMESPACES.mount + NAMESPACES.uts + NAMESPACES.net);
  assert.equal(
    made.map(({ call, target }) => `${call} ${target ?? ''}`),
    ['mount /', 'mount /proc', 'hostname box', 'loopback '],
  );
  // Made in the child: clone3 would take the cgroup of its parent for the root.
  assert.equal([steps(['cgroup']).flags, steps(['cgroup']).steps[0]?.call], [0, 'unshare']);
});

test('a kind of namespace that the kernel is built without is named', () => {
  const own = temporaryFolder();
  for (const name of ['pid', 'mnt']) mkdirSync(join(own, name));
  checkKernel(['pid', 'mount'], own);
  assert.throws(() => checkKernel(['pid', 'time'], own), /no time namespaces: .*CONFIG_TIME_NS$/);
  // Without /proc nobody knows.
  checkKernel(['time'], join(own, 'nowhere'));
});

test('a root of its own brings a mount namespace, and is entered last', () => {
  const { flags, steps: made } = steps([], { rootfs: '/tmp' });
  assert.is(flags, NAMESPACES.mount);
  assert.equal(made.at(-1), { call: 'pivot', target: '/tmp' });
  assert.throws(() => steps([], { rootfs: '/nowhere' }), /is no folder/);
});

test('the summary counts bytes once: what lies on another device is left out', () => {
  const root = temporaryFolder();
  for (const device of ['8:0', '253:0/slaves/sda']) {
    mkdirSync(join(root, 'dev/block', device), { recursive: true });
  }
  const files = fakeFiles({ '/a/io.stat': '8:0 rbytes=4096 wbytes=10\n253:0 rbytes=4096 wbytes=10' });
  const { io_read_bytes, io_write_bytes } = readSummary('/a', files, 0, root);
  assert.equal([io_read_bytes, io_write_bytes], [4096, 10]);
});

test('the summary tells what there is, and -- for the rest', () => {
  const files = fakeFiles({
    '/a/cpu.stat': 'usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_throttled 4\nthrottled_usec 250000',
    '/a/memory.peak': '33554432',
    '/a/memory.events': 'oom 3\noom_kill 1',
    '/a/io.stat': '8:0 rbytes=1048576 wbytes=0\n8:16 rbytes=1048576 wbytes=4096',
  });
  assert.is(
    summaryText(readSummary('/a', files, 2000, '/nowhere')),
    'CPU 1.50 s (user 1.00 s, system 0.50 s) in 2.00 s, peak memory 32 MiB, io read 2 MiB, written 4 KiB, throttled 0.25 s, OOM kills 1',
  );
  assert.is(
    summaryText(readSummary('/a', fakeFiles({}), 0)),
    'CPU -- (user --, system --) in 0.00 s, peak memory --, io read --, written --, throttled --',
  );
});

/** Directories on disk, as they are made and removed; their files in memory. */
function tree(texts: Readonly<Record<string, string>>): CgroupFiles & { readonly writes: string[]; clear(): void } {
  const mount = temporaryFolder();
  const known = new Map(Object.entries(texts));
  const writes: string[] = [];
  const inode = (path: string): number => {
    if (!existsSync(join(mount, path))) throw new CgroupFileError('look up', path, '', 'ENOENT');
    return 7;
  };
  const read = (path: string, file: string): string => {
    inode(path);
    const text = known.get(join(path, file)) ?? (file === 'cgroup.subtree_control' ? '' : undefined);
    if (text === undefined) throw new CgroupFileError('read', path, file, 'ENOENT');
    return text;
  };
  return {
    ...fakeFiles({}),
    ...{ mount, inode, read, writes },
    write: (path, _, file, text) => {
      const now = parseControllers(read(path, file)).filter((word) => word !== text.slice(1));
      known.set(join(path, file), [...now, ...(text.startsWith('+') ? [text.slice(1)] : [])].join(' '));
      writes.push(`${text} ${path}`);
    },
    clear: () => rmSync(mount, { recursive: true }),
  };
}

test('run switches on what lacks, and off again what it switched on itself where nobody uses it', async () => {
  const root = { '/cgroup.controllers': 'cpu memory', '/cgroup.subtree_control': 'cpu' };
  const on = ['+memory /', '+memory /tscg', '+cpu /tscg'];
  const table: readonly [others: Readonly<Record<string, string>>, off: readonly string[]][] = [
    [{}, ['-memory /']],
    [{ '/other/memory.max': 'max', '/other/memory.current': '4096' }, ['-memory /']],
    [{ '/other/memory.max': '4096' }, []],
  ];
  for (const [others, off] of table) {
    const files = tree({ ...root, ...others });
    try {
      mkdirSync(join(files.mount, 'other'));
      const place = makePlace('job', ['memory'], '/', files);
      assert.equal(place.enabled, ['memory in /', 'memory in /tscg', 'cpu in /tscg']);
      assert.equal(planPlace('job2', ['memory'], '/', files).enabled, []);
      await place.remove();
      assert.equal(files.writes, [...on, ...off]);
      assert.equal(readdirSync(files.mount), ['other']);
    } finally {
      files.clear();
    }
  }
});

test('an empty /tscg that the user made stays, and gives up what was switched on in it', async () => {
  const files = tree({ '/cgroup.controllers': 'memory' });
  try {
    mkdirSync(join(files.mount, 'tscg'));
    const place = makePlace('job', ['memory'], '/', files);
    await place.remove();
    assert.equal(readdirSync(files.mount), ['tscg']);
    assert.equal(files.writes, ['+memory /', '+memory /tscg', '-memory /tscg', '-memory /']);
  } finally {
    files.clear();
  }
});

test('a /tscg that another run removed meanwhile is made once more', async () => {
  const files = tree({ '/cgroup.controllers': 'memory', '/cgroup.subtree_control': 'memory' });
  try {
    let times = 0;
    const removing: CgroupFiles = {
      ...files,
      // As the other run does between our mkdir of /tscg and that of the cgroup in it.
      write: (path, inode, file, text) => {
        files.write(path, inode, file, text);
        if (path !== '/tscg' || times++ > 0) return;
        files.write(path, inode, file, text.replace('+', '-'));
        rmSync(join(files.mount, 'tscg'), { recursive: true });
      },
    };
    const place = makePlace('job', ['memory'], '/', removing);
    assert.equal(readdirSync(join(files.mount, 'tscg')), ['job']);
    assert.equal(place.enabled, ['memory in /tscg']);
    await place.remove();
    assert.equal(readdirSync(files.mount), []);
  } finally {
    files.clear();
  }
});

test('case 107: where no more cgroups are allowed, run and its dry run name the limit, its value and its place', () => {
  const files = tree({
    '/cgroup.controllers': '',
    '/cgroup.max.descendants': '0',
    '/cgroup.stat': 'nr_descendants 0',
  });
  try {
    assert.throws(
      () => planPlace('job', [], '/', files),
      /^make \/tscg\/job: EAGAIN \(cgroup\.max\.descendants of \/ is 0, and 0 cgroups are below it; raise it: echo max > .*\)$/,
    );
  } finally {
    files.clear();
  }
});

test('another run that goes on keeps its controllers', async () => {
  const files = tree({ '/cgroup.controllers': 'memory' });
  try {
    const places = ['one', 'two'].map((name) => makePlace(name, [], '/', files));
    await places[0]?.remove();
    assert.equal(files.writes, ['+memory /', '+memory /tscg']);
  } finally {
    files.clear();
  }
});

test('a root that is none, with processes, enables nothing for its children: refused where a limit needs it, else left alone', () => {
  const files = tree({
    '/cgroup.controllers': 'cpu memory',
    '/cgroup.type': 'domain',
    '/cgroup.procs': '12\n13',
  });
  try {
    for (const make of [makePlace, planPlace]) {
      assert.throws(() => make('job', ['cpu'], '/', files), /^cpu is not.*\/ has 2 processes.*turns "domain threaded"/);
      assert.throws(() => make('job', ['memory'], '/', files), /no-internal-process rule\).*tscg move pid:12 \/leaf$/);
      assert.equal(readdirSync(files.mount), []);
    }
    assert.equal(makePlace('job', [], '/', files).enabled, []);
    assert.equal(files.writes, []);
  } finally {
    files.clear();
  }
});

test('pressure: the minute before against the time between, the greatest change first', () => {
  const psi = (avg60: number, total: number): string => `some avg10=0.00 avg60=${avg60} avg300=0.00 total=${total}`;
  const before = fakeFiles({
    '/a/cpu.pressure': psi(40, 1_000_000),
    '/b/cpu.pressure': psi(0, 0),
    '/b/io.pressure': psi(2, 0),
  });
  const after = fakeFiles({
    '/a/cpu.pressure': psi(0, 2_000_000),
    '/b/cpu.pressure': psi(0, 10),
    '/b/io.pressure': psi(0, 0),
  });
  const paths = ['/a', '/b', '/gone'];
  const start = { ...readPressure(paths, before), at: 0 };
  const end = { ...readPressure(paths, after), at: 10_000 };
  assert.equal(comparePressure(paths, start, end), [
    { path: '/a', resource: 'cpu', before: 40, during: 10 },
    { path: '/b', resource: 'io', before: 2, during: 0 },
  ]);
});

test.run();
