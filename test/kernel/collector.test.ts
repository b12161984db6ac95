/** What both collectors must do, each in turn. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Collector,
  type CollectorOptions,
  type Columns,
  columnIndex,
  type Descriptors,
  type FileSpec,
  NOT_READ,
  PRESENT,
  RECREATED,
  REMOVED,
} from '../../src/kernel/collector.ts';
import { createFallbackCollector } from '../../src/kernel/collector-fallback.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { createNativeCollector } from '../../src/kernel/native-collector.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { descriptorsIn, type Group, NO_MOUNT, type Tree, withGroup, withTree } from './hierarchies.ts';

const { ENOENT, ENODEV, EXDEV, EISDIR } = constants.errno;

type Open = (options: CollectorOptions) => Collector;

const CPU: FileSpec = { file: 'cpu.stat', format: 'flat', keys: ['usage_usec', 'user_usec', 'system_usec'] };
const PRESSURE: FileSpec = {
  file: 'cpu.pressure',
  format: 'pressure',
  keys: ['some.avg10', 'some.total', 'full.total'],
};
const PIDS: FileSpec = { file: 'pids.current', format: 'single', keys: ['value'] };

/** A collector with what the tests ask of it. */
function follow(open: Open, mount: string, files: readonly FileSpec[], options: Partial<CollectorOptions> = {}) {
  const collector = open({ mount, files, budget: 1000, watches: 1000, skipDevices: [], ...options });
  const index = columnIndex(files);
  const everything = 2 ** files.length - 1;
  return {
    ...collector,
    descriptors(): number {
      const { files: ofFiles, directories } = collector.descriptors();
      return ofFiles + directories;
    },
    add: (...paths: readonly string[]) => paths.map((path) => collector.add(path)),
    read: (ids: readonly number[], mask = everything): Promise<Columns> =>
      collector.collect({ ids: Uint32Array.from(ids), masks: new Uint32Array(ids.length).fill(mask) }),
    value: (columns: Columns, ref: string, row = 0): number | undefined =>
      columns.values[(columns.columnPlaces[index.get(ref) ?? -1] ?? -1) * columns.rows + row],
    error: (columns: Columns, file: number, row = 0): number | undefined =>
      columns.errors[(columns.filePlaces[file] ?? -1) * columns.rows + row],
  };
}

const failure = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'it did not fail', String);

/** Each format with a text and the numbers it gives. */
const TEXTS: readonly {
  format: FileSpec['format'];
  keys: readonly string[];
  text: string;
  numbers: readonly number[];
}[] = [
  { format: 'single', keys: ['value'], text: '123456789012\n', numbers: [123456789012] },
  { format: 'single', keys: ['value'], text: 'max\n', numbers: [Number.POSITIVE_INFINITY] },
  { format: 'single', keys: ['value'], text: '18446744073709551615', numbers: [18446744073709552000] },
  { format: 'single', keys: ['value'], text: '', numbers: [Number.NaN] },
  { format: 'single', keys: ['value'], text: '12abc\n', numbers: [Number.NaN] },
  { format: 'words', keys: ['quota', 'period'], text: 'max 100000\n', numbers: [Number.POSITIVE_INFINITY, 100000] },
  { format: 'words', keys: ['quota', 'period'], text: '50000\n7', numbers: [50000, Number.NaN] },
  { format: 'flat', keys: ['a', 'b'], text: 'b 2\nother 9\na 1\n', numbers: [1, 2] },
  { format: 'flat', keys: ['a', 'b'], text: 'aa 3\nb\n', numbers: [Number.NaN, Number.NaN] },
  { format: 'flat', keys: ['low', 'max'], text: 'low 0\nhigh 1\nmax max', numbers: [0, Number.POSITIVE_INFINITY] },
  {
    format: 'pressure',
    keys: ['some.avg10', 'some.total', 'full.avg10', 'full.total'],
    text: 'some avg10=1.07 avg60=0.00 avg300=0.00 total=42\nfull avg10=100.00 avg60=0.00 avg300=0.00 total=7\n',
    numbers: [1.07, 42, 100, 7],
  },
  {
    format: 'pressure',
    keys: ['full.total', 'some.total'],
    text: 'some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n',
    numbers: [Number.NaN, 3],
  },
  {
    format: 'devices',
    keys: ['rbytes', 'wbytes', 'dios'],
    text: '8:0 rbytes=1 wbytes=2\n7:0 \n253:0 rbytes=1000 wbytes=1000 dios=5\n254:0  cost.usage=0 wbytes=30 rbytes=10\n',
    numbers: [11, 32, 0],
  },
  { format: 'devices', keys: ['rbytes', 'wbytes'], text: '', numbers: [0, 0] },
  { format: 'devices', keys: ['rbytes', 'wbytes'], text: '7:0 \n7:1\n', numbers: [0, 0] },
  { format: 'devices', keys: ['rbytes', 'wbytes'], text: '8:0  cost.usage=5\n', numbers: [0, 0] },
  { format: 'devices', keys: ['rbytes'], text: '8:0 rbytes=5\n8:1 rbytes=?\n', numbers: [Number.NaN] },
];

/** On a directory in the place of a mount. */
const ON_TREE: Record<string, (open: Open, tree: Tree, kind: Collector['kind']) => Promise<void>> = {
  async 'every format'(open, tree) {
    for (const { format, keys, text, numbers } of TEXTS) {
      tree.write('/a/file', text);
      const collector = follow(open, tree.mount, [{ file: 'file', format, keys }], { skipDevices: ['253:0', '9:0'] });
      const columns = await collector.read(collector.add('/a'));
      assert.equal([...columns.values], numbers, `${format} ${JSON.stringify(text)}`);
    }
  },

  async 'devices that are left out may change between passes'(open, tree) {
    tree.write('/a/io.stat', '8:0 rbytes=1\n253:0 rbytes=10\n7:0 rbytes=100\n');
    const files = [{ file: 'io.stat', format: 'devices', keys: ['rbytes'] }] as const;
    const collector = follow(open, tree.mount, files, { skipDevices: ['7:0'] });
    const ids = collector.add('/a');
    assert.is(collector.value(await collector.read(ids), 'io.stat:rbytes'), 11);
    collector.skip(['7:0', '253:0']);
    assert.is(collector.value(await collector.read(ids), 'io.stat:rbytes'), 1);
    assert.is(collector.value(await collector.read(ids), 'io.stat:rbytes'), 1);
    collector.skip([]);
    assert.is(collector.value(await collector.read(ids), 'io.stat:rbytes'), 111);
  },

  async 'columns by file, key and row'(open, tree) {
    for (const [name, base] of [
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ] as const) {
      tree.write(`/${name}/cpu.stat`, `usage_usec ${base}\nuser_usec ${base + 1}\nsystem_usec ${base + 2}\n`);
      tree.write(`/${name}/pids.current`, `${base + 3}\n`);
    }
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;
    const before = monotonic();
    const columns = await collector.read(collector.add('/c', '/a', '/b/'));
    assert.equal([...columns.values], [30, 10, 20, 31, 11, 21, 32, 12, 22, 33, 13, 23]);
    assert.equal([...columns.errors], [0, 0, 0, 0, 0, 0]);
    assert.equal([...columns.states], [PRESENT, PRESENT, PRESENT]);
    assert.equal(
      [...columns.inodes],
      ['c', 'a', 'b'].map((name) => statSync(`${tree.mount}/${name}`).ino),
    );
    assert.is(columns.rows, 3);
    assert.is(columns.reads, 6);
    const [cpuOfC = 0, , cpuOfB = 0, pidsOfC = 0] = columns.times;
    assert.ok(cpuOfC < pidsOfC && pidsOfC < cpuOfB, 'each file has the time of its own read');
    assert.ok(before <= cpuOfC && cpuOfB <= monotonic(), 'on the monotonic clock, within the read');
  },

  async 'the mount itself is /'(open, tree) {
    tree.write('/pids.current', '5');
    const collector = follow(open, tree.mount, [PIDS]);
    const columns = await collector.read(collector.add('/'));
    assert.equal([...columns.values], [5]);
    assert.is(columns.inodes[0], statSync(tree.mount).ino);
  },

  async 'reads anew in each pass, also what has shrunk'(open, tree) {
    tree.write('/a/cpu.stat', 'usage_usec 1\nuser_usec 2\nsystem_usec 3\n');
    const collector = follow(open, tree.mount, [CPU]);
    const ids = collector.add('/a');
    assert.equal([...(await collector.read(ids)).values], [1, 2, 3]);
    tree.write('/a/cpu.stat', 'usage_usec 4\n');
    assert.equal([...(await collector.read(ids)).values], [4, Number.NaN, Number.NaN]);
  },

  async 'only what the mask asks for'(open, tree) {
    tree.write('/a/cpu.stat', 'usage_usec 1\n');
    tree.write('/a/pids.current', '2');
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const [a = 0] = collector.add('/a');
    const columns = await collector.read([a, a], 0b10);
    assert.equal([...columns.filePlaces], [-1, 0]);
    assert.equal([...columns.columnPlaces], [-1, -1, -1, 0]);
    assert.equal([...columns.errors], [0, 0]);
    assert.equal([...columns.values], [2, 2]);
    // What another row asks for has a place for each row.
    const both = await collector.collect({ ids: Uint32Array.of(a, a), masks: Uint32Array.of(0b01, 0b10) });
    assert.equal([...both.errors], [0, NOT_READ, NOT_READ, 0]);
    assert.equal([...both.values], [1, ...Array(6).fill(Number.NaN), 2]);
    assert.ok(Number.isNaN(both.times[1]));
  },

  async 'thirty-two files, and not one more'(open, tree) {
    const files = Array.from(
      { length: 33 },
      (_, n): FileSpec => ({ file: `f${n}`, format: 'single', keys: ['value'] }),
    );
    for (const { file } of files) tree.write(`/a/${file}`, file.slice(1));
    assert.throws(
      () => open({ mount: tree.mount, files, budget: 9, watches: 0, skipDevices: [] }),
      /more than 32 files/,
    );
    const collector = follow(open, tree.mount, files.slice(0, 32));
    const columns = await collector.read(collector.add('/a'), 0x80000001);
    assert.equal(
      [...columns.values].filter((value) => !Number.isNaN(value)),
      [0, 31],
    );
  },

  async 'a missing file costs its own cell, and is seen within ten passes once it is there'(open, tree) {
    tree.write('/a/pids.current', '2');
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const ids = collector.add('/a');
    const columns = await collector.read(ids);
    assert.equal([...columns.errors], [ENOENT, 0]);
    assert.equal([...columns.states], [PRESENT]);
    tree.write('/a/cpu.stat', 'usage_usec 7\n');
    let passes = 1;
    while (collector.value(await collector.read(ids), 'cpu.stat:usage_usec') !== 7) assert.ok(++passes <= 10);
  },

  async 'a missing file that is asked for now and then is tried again too'(open, tree) {
    tree.write('/a/pids.current', '2');
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const ids = collector.add('/a');
    await collector.read(ids);
    tree.write('/a/cpu.stat', 'usage_usec 7\n');
    for (let pass = 0; pass < 9; pass++) await collector.read(ids, 0b10);
    assert.is(collector.value(await collector.read(ids, 0b01), 'cpu.stat:usage_usec'), 7);
  },

  async 'an error of one file leaves the others'(open, tree) {
    tree.write('/a/cpu.stat/x', '');
    tree.write('/a/pids.current', '2');
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const columns = await collector.read(collector.add('/a'));
    assert.equal([...columns.errors], [EISDIR, 0]);
    assert.is(collector.value(columns, 'pids.current:value'), 2);
  },

  async 'a text beyond the buffer'(open, tree) {
    const filler = 'other_key 1\n'.repeat(20_000);
    tree.write('/a/cpu.stat', `usage_usec 1\n${filler}system_usec 3\n`);
    const collector = follow(open, tree.mount, [CPU]);
    const ids = collector.add('/a');
    assert.equal([...(await collector.read(ids)).values], [1, Number.NaN, 3]);
    assert.equal([...(await collector.read(ids)).values], [1, Number.NaN, 3]);
    tree.write('/a/cpu.stat', Buffer.alloc(5 << 20, '\n'));
    assert.is(collector.error(await collector.read(ids), 0), constants.errno.EFBIG);
  },

  async 'a text that ends within a key, at the end of the buffer'(open, tree) {
    const keys = ['rbytes', 'wbytes'];
    const end = '\n8:16 r';
    tree.write('/a/io.stat', `8:0 rbytes=1 x=${'0'.repeat(65_535 - 15 - end.length)}${end}`);
    const collector = follow(open, tree.mount, [{ file: 'io.stat', format: 'devices', keys }]);
    assert.equal([...(await collector.read(collector.add('/a'))).values], [1, 0]);
  },

  async 'never outside the mount'(open, tree) {
    tree.write('/in/a/pids.current', '1');
    tree.write('/out/pids.current', '666');
    tree.link('/in/link', '../out');
    tree.link('/in/a/link', '.');
    const collector = follow(open, `${tree.mount}/in`, [PIDS]);
    const columns = await collector.read(
      collector.add('/../out', '/a/../../out', '/link', '/a/link', '/a\0/b', '/nosuch', '/a/pids.current', '/a'),
    );
    assert.equal([...columns.values], [...Array(7).fill(Number.NaN), 1]);
    assert.is([...columns.inodes].filter((inode) => !Number.isNaN(inode)).length, 1);
    assert.ok([...columns.errors].slice(0, 7).every((error) => error !== 0 && error !== NOT_READ));
    assert.is(columns.states[5], REMOVED);
  },

  async 'never on another mount'(open) {
    const collector = follow(open, '/', [{ file: 'uptime', format: 'words', keys: ['up'] }]);
    const columns = await collector.read(collector.add('/proc'));
    assert.equal([...columns.errors], [EXDEV]);
    assert.ok(Number.isNaN(columns.values[0]));
  },

  async 'a link in the place of a file is not followed'(open, tree) {
    tree.write('/secret', '666');
    tree.write('/a/x', '');
    tree.link('/a/pids.current', '../secret');
    const collector = follow(open, tree.mount, [PIDS]);
    const columns = await collector.read(collector.add('/a'));
    assert.equal([...columns.values], [Number.NaN]);
    assert.equal([...columns.errors], [constants.errno.ELOOP]);
  },

  async 'added before it exists'(open, tree) {
    const collector = follow(open, tree.mount, [PIDS]);
    const ids = collector.add('/late');
    const columns = await collector.read(ids);
    assert.equal([...columns.states], [REMOVED]);
    assert.equal([...columns.errors], [ENODEV]);
    tree.write('/late/pids.current', '3');
    assert.equal([...(await collector.read(ids)).values], [3]);
  },

  async 'unknown and removed ids'(open, tree) {
    tree.write('/a/pids.current', '3');
    const collector = follow(open, tree.mount, [CPU, PIDS]);
    const [a = 0, b = 0] = collector.add('/a', '/a');
    await collector.read([a, b]);
    collector.remove(a);
    const never = collector.add('/a')[0] ?? 0;
    collector.remove(never);
    const columns = await collector.read([a, 4711, never, b], 0b10);
    assert.equal([...columns.states], [REMOVED, REMOVED, REMOVED, PRESENT]);
    assert.equal([...columns.errors], [ENODEV, ENODEV, ENODEV, 0]);
    assert.ok(Number.isNaN(columns.inodes[0]));
    assert.is(new Set([a, b, never, ...collector.add('/a')]).size, 4, 'ids are never used twice');
  },

  async 'passes run one after another, and fail alone'(open, tree) {
    tree.write('/a/pids.current', '3');
    const collector = follow(open, tree.mount, [PIDS]);
    const ids = collector.add('/a');
    const wrong = collector.collect({ ids: new Uint32Array(2), masks: new Uint32Array(1) });
    const passes = [collector.read(ids), collector.read(ids), collector.read(ids)];
    assert.match(await failure(wrong), /differ in length/);
    const times = (await Promise.all(passes)).map(({ times: [time = Number.NaN] }) => time);
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
    );
  },

  async 'nothing after close, and nothing held'(open, tree) {
    tree.write('/a/pids.current', '3');
    const collector = follow(open, tree.mount, [PIDS]);
    const ids = collector.add('/a');
    await collector.read(ids);
    assert.is(collector.descriptors(), 3);
    assert.is(descriptorsIn(tree.mount), 3);
    collector.close();
    collector.close();
    assert.is(collector.descriptors(), 0);
    assert.is(descriptorsIn(tree.mount), 0);
    assert.match(await failure(collector.read(ids)), /closed/);
  },

  async 'a mount that is not there'(open, tree) {
    assert.throws(
      () => open({ mount: `${tree.mount}/nosuch`, files: [], budget: 9, watches: 0, skipDevices: [] }),
      (error: Error) => 'code' in error && error.code === 'ENOENT',
    );
  },

  async 'a budget of few descriptors'(open, tree) {
    const paths = Array.from({ length: 20 }, (_, n) => `/c${n}`);
    paths.forEach((path, n) => {
      tree.write(`${path}/cpu.stat`, `usage_usec ${n}\n`);
      tree.write(`${path}/pids.current`, `${n * 2}\n`);
    });
    const collector = follow(open, tree.mount, [CPU, PIDS], { budget: 10 });
    const ids = collector.add(...paths);
    const check = async (rows: readonly number[]) => {
      const columns = await collector.read(rows.map((n) => ids[n] ?? 0));
      rows.forEach((n, row) => {
        assert.is(collector.value(columns, 'cpu.stat:usage_usec', row), n);
        assert.is(collector.value(columns, 'pids.current:value', row), n * 2);
      });
      assert.is(descriptorsIn(tree.mount), collector.descriptors());
      assert.ok(collector.descriptors() <= 10, `${collector.descriptors()}`);
    };
    const all = ids.map((_, n) => n);
    for (let pass = 0; pass < 3; pass++) await check(all);
    await check([19, 18]);
    await check([19, 18]);
    await check([3]);
    await check([...all].reverse());
  },

  async 'descriptors stay with what is still asked for'(open, tree) {
    for (const name of ['a', 'b']) {
      tree.write(`/${name}/cpu.stat`, 'usage_usec 1\n');
      tree.write(`/${name}/pids.current`, '2');
    }
    // The mount, two directories, and one file each.
    const collector = follow(open, tree.mount, [CPU, PIDS], { budget: 5 });
    const ids = collector.add('/a', '/b');
    await collector.read(ids);
    await collector.read(ids, 0b10);
    const files = (name: string) => descriptorsIn(`${tree.mount}/${name}/`);
    assert.equal([files('a'), files('b')], [1, 1], 'cpu.stat of a made room for pids.current of b');
  },

  async 'files leave room for directories, but not more than two thirds of the budget'(open, tree) {
    for (const name of ['a', 'b', 'c']) {
      tree.write(`/${name}/cpu.stat`, 'usage_usec 1\n');
      tree.write(`/${name}/pids.current`, '2');
    }
    const kept = async (budget: number, fileBudget: number): Promise<Descriptors> => {
      const collector = open({
        mount: tree.mount,
        files: [CPU, PIDS],
        budget,
        fileBudget,
        watches: 0,
        skipDevices: [],
      });
      const ids = Uint32Array.from(['/a', '/b', '/c'], (path) => collector.add(path));
      for (let pass = 0; pass < 2; pass++) {
        const { errors } = await collector.collect({ ids, masks: new Uint32Array(3).fill(0b11) });
        assert.ok(errors.every((error) => error === 0));
      }
      return collector.descriptors();
    };
    assert.equal(await kept(100, 100), { files: 6, directories: 4 });
    assert.equal(await kept(100, 2), { files: 2, directories: 4 });
    assert.equal(await kept(7, 100), { files: 3, directories: 4 });
    assert.equal(await kept(3, 100), { files: 1, directories: 2 });
  },

  async 'the process runs out of descriptors'(_open, tree, kind) {
    for (let n = 0; n < 100; n++) tree.write(`/c${n}/pids.current`, `${n}`);
    const script = fileURLToPath(new URL('collector-starved.ts', import.meta.url));
    const env = { ...process.env, TSCG_NATIVE: kind === 'fallback' ? 'off' : 'on' };
    const command = `ulimit -n 60; exec "$0" --import tsx "$1" "$2"`;
    const output = execFileSync('/bin/sh', ['-c', command, process.execPath, script, tree.mount], {
      env,
      encoding: 'utf8',
    });
    assert.equal(JSON.parse(output), { kind, wrong: 0, errors: 0 });
  },
};

/** On a real hierarchy. */
const ON_KERNEL: Record<string, (open: Open, group: Group) => Promise<void>> = {
  async 'cpu.stat and pressure of a busy cgroup, as read by hand'(open, group) {
    const busy = group.make('busy');
    const idle = group.make('idle');
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(busy, idle);
    await collector.read(ids);
    group.start(busy, 'while :; do :; done');
    const byHand = () => Number(/usage_usec (\d+)/.exec(readFileSync(`${group.mount}${busy}/cpu.stat`, 'utf8'))?.[1]);
    let columns = await collector.read(ids);
    while (collector.value(columns, 'cpu.stat:usage_usec') === 0) columns = await collector.read(ids);
    const before = byHand();
    columns = await collector.read(ids);
    const after = byHand();
    const usage = collector.value(columns, 'cpu.stat:usage_usec') ?? Number.NaN;
    assert.ok(before <= usage && usage <= after, `${before} <= ${usage} <= ${after}`);
    assert.is(collector.value(columns, 'cpu.stat:usage_usec', 1), 0);
    for (const ref of ['some.avg10', 'some.total', 'full.total']) {
      assert.ok((collector.value(columns, `cpu.pressure:${ref}`) ?? -1) >= 0, ref);
    }
    assert.equal(
      [...columns.inodes],
      [busy, idle].map((path) => statSync(group.mount + path).ino),
    );
  },

  async 'a polled file is told of when it changed, by the collector that says it watches it'(open, group) {
    const paths = [group.make('a'), group.make('b')];
    const events: FileSpec = { file: 'cgroup.events', format: 'flat', keys: ['populated', 'frozen'], polled: true };
    const collector = follow(open, group.mount, [events, CPU]);
    const ids = collector.add(...paths);
    const { watched } = await collector.read(ids);
    assert.equal([...watched], collector.kind === 'native' ? [1, 1] : [0, 0]);
    const told = async (): Promise<number[]> => [...(await collector.read(ids, 0b10)).told];
    assert.equal(await told(), []);
    writeFileSync(`${group.mount}${paths[1]}/cgroup.freeze`, '1');
    if (collector.kind === 'native') {
      // The kernel may tell some milliseconds late.
      while ((await told()).length === 0);
      assert.equal(await told(), [ids[1]], 'until it is read');
    }
    const columns = await collector.read(ids);
    assert.equal(
      [0, 1].map((row) => collector.value(columns, 'cgroup.events:frozen', row)),
      [0, 1],
    );
    assert.equal(await told(), []);
  },

  async 'a watched file keeps no descriptor, and no more are watched than may be'(open, group) {
    const events: FileSpec = { file: 'cgroup.events', format: 'flat', keys: ['populated'], polled: true };
    const [budget, watches] = [20, 30];
    const collector = follow(open, group.mount, [events, CPU], { budget, watches });
    const ids = collector.add(...Array.from({ length: 2 * budget }, (_, child) => group.make(String(child))));
    for (const id of ids) await collector.read([id], 0b01);
    const { watched, errors } = await collector.read(ids);
    assert.ok([...errors].every((error) => error === 0));
    assert.is([...watched].filter((files) => files > 0).length, collector.kind === 'native' ? watches : 0);
    assert.ok(collector.descriptors() <= budget);
  },

  async 'what is not asked for any more is closed after some ticks, and read all the same when it is'(open, group) {
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(group.make('a'));
    await collector.read(ids);
    const held = collector.descriptors();
    for (let pass = 0; pass < 100; pass++)
      await collector.collect({ ids: Uint32Array.from(ids), masks: Uint32Array.of(0b01), sameTick: true });
    assert.is(collector.descriptors(), held, 'it was one tick');
    for (let pass = 0; pass < 100; pass++) await collector.read(ids, 0b01);
    assert.is(collector.descriptors(), held - 1);
    assert.is(collector.error(await collector.read(ids), 1), 0);
  },

  async 'what is asked for now and then keeps no descriptor but that of its directory'(open, group) {
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const [a = 0, b = 0] = collector.add(group.make('a'), group.make('b'));
    const inTurn = async (mask?: number): Promise<void> => {
      for (let pass = 0; pass < 100; pass++) await collector.read([b]);
      assert.equal([...(await collector.read([a], mask)).states], [PRESENT]);
    };
    await collector.read([a, b]);
    await inTurn();
    assert.is(descriptorsIn(`${group.mount}${group.path}/a/`), 0, 'files');
    assert.is(descriptorsIn(`${group.mount}${group.path}/a`), 1);
    await collector.read([a]);
    assert.is(descriptorsIn(`${group.mount}${group.path}/a/`), 2, 'it is asked for often now');
    await inTurn(0);
    rmdirSync(`${group.mount}${group.path}/a`);
    mkdirSync(`${group.mount}${group.path}/a`);
    const columns = await collector.read([a]);
    assert.equal([...columns.states], [RECREATED]);
    assert.equal([...columns.errors], [ENODEV, ENODEV]);
    assert.is(descriptorsIn(`${group.mount}${group.path}/a`), 0);
  },

  async 'removed: the row says so, the others stay, its descriptors are closed'(open, group) {
    const [a, b] = [group.make('a'), group.make('b')];
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(a, b);
    const first = await collector.read(ids);
    const held = collector.descriptors();
    rmdirSync(group.mount + a);
    for (let pass = 0; pass < 2; pass++) {
      const columns = await collector.read(ids);
      assert.equal([...columns.states], [REMOVED, PRESENT]);
      assert.equal([...columns.errors], [ENODEV, 0, ENODEV, 0]);
      assert.ok(Number.isNaN(collector.value(columns, 'cpu.stat:usage_usec')));
      assert.is(columns.inodes[0], first.inodes[0]);
      assert.is(collector.descriptors(), held - 3);
    }
  },

  async 'removed, seen without any file to read'(open, group) {
    const [a, b] = [group.make('a'), group.make('b')];
    const collector = follow(open, group.mount, [{ ...PIDS, file: 'tscg.nosuch' }]);
    const ids = collector.add(a, b);
    await collector.read(ids);
    rmdirSync(group.mount + a);
    assert.equal([...(await collector.read(ids)).states], [REMOVED, PRESENT], 'the file is known to be missing');
    rmdirSync(group.mount + b);
    assert.equal([...(await collector.read(ids, 0)).states], [REMOVED, REMOVED], 'no file is asked for');
    const [c = 0] = collector.add(group.make('c'));
    await collector.read([c], 0);
    rmdirSync(`${group.mount}${group.path}/c`);
    mkdirSync(`${group.mount}${group.path}/c`);
    assert.equal([...(await collector.read([c], 0)).states], [RECREATED], 'no file was ever asked for');
  },

  async 'removed between the opening of the directory and that of a file'(open, group) {
    const a = group.make('a');
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(a);
    await collector.read(ids, 0b01);
    rmdirSync(group.mount + a);
    const columns = await collector.read(ids, 0b10);
    assert.equal([...columns.states], [REMOVED]);
    assert.equal([...columns.errors], [ENODEV]);
  },

  async 're-created at once: another cgroup'(open, group) {
    const a = group.make('a');
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(a);
    const old = (await collector.read(ids)).inodes[0];
    rmdirSync(group.mount + a);
    mkdirSync(group.mount + a);
    for (let pass = 0; pass < 2; pass++) {
      const columns = await collector.read(ids);
      assert.equal([...columns.states], [RECREATED]);
      assert.equal([...columns.errors], [ENODEV, ENODEV]);
      assert.ok([...columns.values].every(Number.isNaN), 'no number of the new one');
      assert.is(columns.inodes[0], old);
    }
    collector.remove(ids[0] ?? 0);
    const columns = await collector.read(collector.add(a));
    assert.equal([...columns.states], [PRESENT]);
    assert.is(columns.inodes[0], statSync(group.mount + a).ino);
    assert.is.not(columns.inodes[0], old);
  },

  async 're-created without any descriptor'(open, group) {
    const a = group.make('a');
    const collector = follow(open, group.mount, [CPU], { budget: 1 });
    const [idOfA = 0] = collector.add(a);
    await collector.read([idOfA]);
    assert.is(descriptorsIn(group.mount + a), 0);
    rmdirSync(group.mount + a);
    mkdirSync(group.mount + a);
    assert.equal([...(await collector.read([idOfA])).states], [RECREATED]);
  },

  async 'pressure switched off and on in a cgroup that stays'(open, group) {
    const a = group.make('a');
    const collector = follow(open, group.mount, [CPU, PRESSURE]);
    const ids = collector.add(a);
    assert.equal([...(await collector.read(ids)).errors], [0, 0]);
    writeFileSync(`${group.mount}${a}/cgroup.pressure`, '0');
    const columns = await collector.read(ids);
    assert.equal([...columns.errors], [0, ENOENT]);
    assert.equal([...columns.states], [PRESENT]);
    writeFileSync(`${group.mount}${a}/cgroup.pressure`, '1');
    let passes = 1;
    while (collector.error(await collector.read(ids), 1) !== 0) assert.ok(++passes <= 10);
  },

  async 'no descriptor is lost over churn'(open, group) {
    const collector = follow(open, group.mount, [CPU, PRESSURE], { budget: 40 });
    let names = 0;
    let live: { path: string; id: number }[] = [];
    for (let round = 0; round < 30; round++) {
      for (let n = 0; n < 10; n++) {
        const path = group.make(`c${names++}`);
        live.push({ path, id: collector.add(path)[0] ?? 0 });
      }
      const columns = await collector.read(live.map(({ id }) => id));
      assert.ok([...columns.states].every((state) => state === PRESENT));
      const doomed = new Set(live.filter((_, n) => (n * 7 + round) % 3 === 0));
      for (const { path } of doomed) rmdirSync(group.mount + path);
      const later = await collector.read(live.map(({ id }) => id));
      live.forEach((cgroup, row) => {
        assert.is(later.states[row], doomed.has(cgroup) ? REMOVED : PRESENT);
      });
      for (const { id } of doomed) collector.remove(id);
      live = live.filter((cgroup) => !doomed.has(cgroup));
      assert.ok(collector.descriptors() <= 40);
      assert.is(descriptorsIn(group.mount), collector.descriptors());
    }
    collector.close();
    assert.is(descriptorsIn(group.mount), 0);
  },
};

/** Lets the behaviour open collectors, and closes them after it. */
async function closing(open: Open, run: (open: Open) => Promise<void>): Promise<void> {
  const opened: Collector[] = [];
  try {
    await run((options) => {
      const collector = open(options);
      opened.push(collector);
      return collector;
    });
  } finally {
    for (const collector of opened) collector.close();
  }
}

/** Every behaviour as a test of the implementation; skipped where there is none, or no kernel to try it on. */
function addTests(tests: Test, kind: Collector['kind'], open: Open | undefined, without = ''): void {
  const mount = MOUNT;
  for (const [name, behaviour] of Object.entries(ON_TREE)) {
    if (open) tests(name, () => withTree((tree) => closing(open, (tracked) => behaviour(tracked, tree, kind))));
    else skip(tests, `${kind}: ${name}`, without);
  }
  for (const [name, behaviour] of Object.entries(ON_KERNEL)) {
    if (!open || !mount) skip(tests, `${kind}: ${name}`, open ? NO_MOUNT : without);
    else tests(name, () => withGroup(mount, (group) => closing(open, (tracked) => behaviour(tracked, group))));
  }
}

const fallback = suite('fallback collector');
addTests(fallback, 'fallback', createFallbackCollector);
fallback.run();

const { native, reason } = loadNative();
const addon = suite('native collector');
addTests(addon, 'native', native && ((options) => createNativeCollector(native, options)), reason);
addon.run();
