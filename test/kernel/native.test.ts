/** The addon's system calls, on this machine's kernel. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants as fsConstants,
  mkdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import fc from 'fast-check';
import { type Callback, suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNative, type NamespaceInfo, type Native } from '../../src/kernel/native.ts';
import { collectGarbage } from '../collect-garbage.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  descriptors,
  descriptorsIn,
  end,
  type Group,
  NO_MOUNT,
  type Tree,
  withGroup,
  withTree,
} from './hierarchies.ts';

const { native, reason } = loadNative();
const mount = MOUNT;
const test = suite('addon');

/** What an inotify descriptor is called in /proc/self/fd. */
const INOTIFY = 'anon_inode:inotify';

type Run<T> = (native: Native, place: T) => void | Promise<void>;

const on = (run: Callback | undefined, name: string): void =>
  run ? test(name, run) : skip(test, name, reason ?? NO_MOUNT);
const plain = (name: string, run: Run<undefined>): void => on(native && (async () => run(native, undefined)), name);
const onTree = (name: string, run: Run<Tree>): void =>
  on(native && (() => withTree(async (tree) => run(native, tree))), name);
const onKernel = (name: string, run: Run<Group>): void =>
  on(native && mount ? () => withGroup(mount, async (group) => run(native, group)) : undefined, name);

/** What it fails with, as `code errno syscall`. */
function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return describe(error);
  }
  return 'it did not fail';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `not an Error: ${error}`;
  const { code, errno, syscall } = Object.assign({ code: '', errno: 0, syscall: '' }, error);
  return `${code} ${errno} ${syscall}`;
}

onTree('walk: parents first, with inodes, directories only', async ({ walk }, tree) => {
  for (const path of ['/a/b/c', '/a/d', '/e']) tree.write(`${path}/file`, '');
  tree.link('/a/link', '..');
  const nameless = Buffer.concat([Buffer.from(`${tree.mount}/a/`), Buffer.from([0xff, 0x41])]);
  mkdirSync(nameless);
  mkdirSync(Buffer.concat([nameless, Buffer.from('/below')]));
  mkdirSync(`${tree.mount}/e/日本 ✓`);
  const { paths, inodes, hidden } = await walk(tree.mount, '/');
  assert.is(hidden, 2);
  assert.equal([...paths].sort(), ['/', '/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/日本 ✓'].sort());
  paths.forEach((path, index) => {
    assert.is(inodes[index], statSync(tree.mount + path).ino);
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    assert.ok(paths.indexOf(parent) <= index, `${parent} before ${path}`);
  });
  assert.equal((await walk(tree.mount, '/a/b')).paths, ['/a/b', '/a/b/c']);
  assert.equal((await walk(tree.mount, '/a/b/')).paths, ['/a/b', '/a/b/c']);
});

onTree('walk: fails for a start that is not there or leads out', async ({ walk }, tree) => {
  tree.write('/in/x', '');
  const failed = (path: string) => walk(`${tree.mount}/in`, path).then(() => 'it did not fail', describe);
  assert.is(await failed('/nosuch'), `ENOENT ${constants.errno.ENOENT} openat2`);
  assert.is(await failed('/x'), `ENOTDIR ${constants.errno.ENOTDIR} openat2`);
  assert.is(await failed('/..'), `EXDEV ${constants.errno.EXDEV} openat2`);
  assert.is(await walk('/nosuch', '/').then(() => '', describe), `ENOENT ${constants.errno.ENOENT} open`);
});

onKernel('walk: what vanishes on the way is left out', async ({ walk }, group) => {
  const base = Array.from({ length: 20 }, (_, n) => group.make(`stays${n}`));
  let rounds = 0;
  let done = false;
  const churn = async () => {
    while (!done) {
      const made = Array.from({ length: 20 }, (_, n) => group.make(`goes${rounds}-${n}`));
      await new Promise(setImmediate);
      for (const path of made) rmdirSync(group.mount + path);
      rounds++;
    }
  };
  const churning = churn();
  for (let pass = 0; pass < 50; pass++) {
    const { paths, inodes } = await walk(group.mount, group.path);
    assert.is(paths.length, inodes.length);
    for (const path of base) assert.is(inodes[paths.indexOf(path)], statSync(group.mount + path).ino);
  }
  done = true;
  await churning;
  assert.equal([...(await walk(group.mount, group.path)).paths].sort(), [group.path, ...base].sort());
});

onTree('readFiles: text or errno, each for itself', async ({ readFiles }, tree) => {
  const long = 'line of text\n'.repeat(100_000);
  tree.write('/long', long);
  tree.write('/empty', '');
  tree.write('/bytes', Buffer.from([0x61, 0xff, 0x62, 0x00, 0x63]));
  tree.write('/huge', Buffer.alloc(4 << 20));
  tree.write('/exact', Buffer.alloc(16 << 10, 'x'));
  execFileSync('mkfifo', [`${tree.mount}/pipe`]);
  const { ENOENT, EISDIR, EFBIG } = constants.errno;
  const names = ['/long', '/nosuch', '/empty', '/bytes', '/', '/huge', '/exact', '/pipe', '/a\0b'];
  const texts = await readFiles([...names.map((name) => tree.mount + name), '/proc/self/stat']);
  const stat = texts.pop();
  assert.equal(texts, [long, ENOENT, '', 'a\ufffdb\0c', EISDIR, EFBIG, 'x'.repeat(16 << 10), '', ENOENT]);
  assert.match(String(stat), new RegExp(`^${process.pid} `));
  assert.equal(await readFiles([]), []);
});

onTree('readFiles: what is read together answers as if it were read alone', async ({ readFiles }, tree) => {
  for (const path of ['/ab', '/abc/d', '/abc/de', '/b/c']) tree.write(path, path);
  tree.link('/link', 'abc');
  const names = [
    '/ab',
    '/abc/d',
    '/abc/de',
    '/b/c',
    '/b//c',
    '/abc//d',
    '/link/d',
    '/b/../ab',
    '/abc/',
    '/abc',
    '/a',
    '/b/no',
  ];
  const paths = [...names.map((name) => tree.mount + name), 'package.json', '/', ''];
  const alone = new Map<string, string | number>();
  for (const path of paths) alone.set(path, (await readFiles([path]))[0] ?? 0);
  assert.is(alone.get(`${tree.mount}/b//c`), '/b/c');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...paths), { maxLength: 4 }), async (asked) => {
      assert.equal(
        await readFiles(asked),
        asked.map((path) => alone.get(path)),
      );
    }),
    { numRuns: 1000 },
  );
});

plain('trimMemory: what was freed between what is kept goes back to the kernel', async ({ trimMemory }) => {
  const mebibytes = (): number =>
    Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  let arrays = Array.from({ length: 8000 }, () => new Uint8Array(8192).fill(1));
  arrays = arrays.filter((_, index) => index % 8 === 0);
  collectGarbage();
  collectGarbage();
  const before = mebibytes();
  await trimMemory();
  const after = mebibytes();
  // AddressSanitizer has its own malloc, which keeps what was freed.
  const isOwnMalloc = process.env.ASAN_OPTIONS !== undefined;
  assert.ok(isOwnMalloc || before - after > 16, `${before} MiB, then ${after}`);
  assert.is(arrays.length, 1000);
});

onTree('openBeneath: within, and never outside', ({ openBeneath }, tree) => {
  tree.write('/in/a/file', 'inside');
  tree.write('/out', 'outside');
  tree.link('/in/a/within', 'file');
  tree.link('/in/a/leads-out', '../../out');
  const { O_RDONLY } = fsConstants;
  const before = descriptors();
  for (const path of ['a/file', '/a/file', 'a/within', 'a/./file', 'a/../a/file']) {
    const fd = openBeneath(`${tree.mount}/in`, path, O_RDONLY);
    const buffer = Buffer.alloc(16);
    assert.is(buffer.toString('utf8', 0, readSync(fd, buffer)), 'inside');
    assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\t02\d{6}/, 'O_CLOEXEC');
    closeSync(fd);
  }
  const failed = (directory: string, path: string) => failure(() => openBeneath(directory, path, O_RDONLY));
  const { EXDEV, ELOOP, ENOENT } = constants.errno;
  for (const path of ['../out', 'a/../../out', 'a/leads-out']) {
    assert.is(failed(`${tree.mount}/in`, path), `EXDEV ${EXDEV} openat2`);
  }
  assert.is(failed('/', 'proc/self/stat'), `EXDEV ${EXDEV} openat2`);
  assert.is(failed('/proc', 'self/cwd/x'), `ELOOP ${ELOOP} openat2`);
  assert.is(failed(tree.mount, 'in/a/file\0'), `ENOENT ${ENOENT} openat2`);
  assert.is(failed('/nosuch', 'x'), `ENOENT ${ENOENT} open`);
  assert.is(descriptors(), before);
});

onKernel('cgroupId: the inode of the directory', ({ cgroupId }, group) => {
  const path = group.mount + group.make('a');
  assert.is(cgroupId(path), statSync(path, { bigint: true }).ino);
  assert.is(
    failure(() => cgroupId(`${path}/nosuch`)),
    `ENOENT ${constants.errno.ENOENT} name_to_handle_at`,
  );
});

plain('cgroupId: not of what is no cgroup', ({ cgroupId }) => {
  assert.match(
    failure(() => cgroupId('/proc')),
    /^EOPNOTSUPP|^ENOTSUP/,
  );
});

plain('pidfd: signals the process it was opened for, and no other', async ({ pidfdOpen, pidfdSendSignal }) => {
  const child = spawn('sleep', ['1000']);
  const exited = once(child, 'exit');
  const pidfd = pidfdOpen(child.pid ?? 0);
  assert.match(readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8'), /flags:\t02\d{6}/, 'O_CLOEXEC');
  pidfdSendSignal(pidfd, 0);
  pidfdSendSignal(pidfd, constants.signals.SIGTERM);
  assert.equal(await exited, [null, 'SIGTERM']);
  const { ESRCH, EINVAL } = constants.errno;
  assert.is(
    failure(() => pidfdSendSignal(pidfd, 0)),
    `ESRCH ${ESRCH} pidfd_send_signal`,
  );
  closeSync(pidfd);
  assert.is(
    failure(() => pidfdOpen(child.pid ?? 0)),
    `ESRCH ${ESRCH} pidfd_open`,
  );
  assert.is(
    failure(() => pidfdOpen(-1)),
    `EINVAL ${EINVAL} pidfd_open`,
  );
});

plain('namespaceInodes: a row a process, the negative errno of what may not be read', async ({ namespaceInodes }) => {
  const kinds = ['net', 'nosuch', 'uts'];
  const before = descriptors();
  const inodes = await namespaceInodes('/proc', Uint32Array.of(process.pid, 4_194_305), kinds);
  const own = (kind: string): number => statSync(`/proc/self/ns/${kind}`).ino;
  const gone = -constants.errno.ENOENT;
  assert.equal([...inodes], [own('net'), gone, own('uts'), gone, gone, gone]);
  assert.is((await namespaceInodes('/proc', Uint32Array.of(), kinds)).length, 0);
  assert.is(descriptors(), before);
});

plain('namespaceInfo: of our own namespaces', async ({ namespaceInfo }) => {
  const types = {
    cgroup: 0x02000000,
    ipc: 0x08000000,
    mnt: 0x00020000,
    net: 0x40000000,
    pid: 0x20000000,
    user: 0x10000000,
    uts: 0x04000000,
  };
  const before = descriptors();
  const told = await namespaceInfo(Object.keys(types).map((name) => `/proc/self/ns/${name}`));
  const infos = new Map(Object.keys(types).map((name, index) => [name, infoOf(told[index])]));
  for (const [name, type] of Object.entries(types)) {
    const info = infos.get(name);
    assert.is(info?.inode, statSync(`/proc/self/ns/${name}`).ino, name);
    assert.is(info?.type, type, name);
    if (name !== 'user') assert.is(info?.ownerUid, null);
    if (name !== 'user' && name !== 'pid') assert.is(info?.parent, null);
  }
  const user = infos.get('user');
  assert.type(user?.ownerUid, 'number');
  assert.is(infos.get('uts')?.owner ?? user?.inode, user?.inode);
  assert.equal(await namespaceInfo(['/proc/self/stat', '/proc/self/ns/nosuch']), [
    constants.errno.ENOTTY,
    constants.errno.ENOENT,
  ]);
  assert.is(descriptors(), before);
});

plain('namespaceInfo: parent and owner of nested ones', async ({ namespaceInfo }) => {
  const script = 'echo ready; exec sleep 1000';
  const child = spawn('unshare', ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', 'sh', '-c', script]);
  try {
    const ready = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    if (!ready) return console.log('namespaceInfo of nested namespaces is not tested: unshare may not make them');
    const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    const [pid, user] = (await namespaceInfo([`/proc/${inner}/ns/pid`, `/proc/${inner}/ns/user`])).map(infoOf);
    assert.is(pid?.parent, statSync('/proc/self/ns/pid').ino);
    assert.is(pid?.owner, user?.inode);
    assert.is(user?.parent, statSync('/proc/self/ns/user').ino);
    assert.is(user?.ownerUid, process.getuid?.());
  } finally {
    await end(child);
  }
});

function infoOf(told: NamespaceInfo | number | undefined): NamespaceInfo {
  if (typeof told !== 'object') throw new Error(`no answer but ${told}`);
  return told;
}

/** A PSI trigger's calls, each awaited. */
function psiTrigger({ createPsiTrigger }: Native, path: string, trigger: string) {
  const calls: (Error | null)[] = [];
  let wake: (() => void) | undefined;
  const handle = createPsiTrigger(path, trigger, (error) => {
    calls.push(error);
    wake?.();
  });
  const next = async (): Promise<Error | null | undefined> => {
    // The trigger does not keep the process alive; the timer does.
    const timer = setTimeout(() => wake?.(), 20_000);
    if (calls.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    clearTimeout(timer);
    return calls.shift();
  };
  return { ...handle, calls, next };
}

onKernel('psi trigger: fires under pressure, fails once when the cgroup goes', async (addon, group) => {
  const path = group.make('busy');
  const trigger = psiTrigger(addon, `${group.mount}${path}/cpu.pressure`, 'some 5000 2000000');
  assert.is(descriptorsIn(group.mount + path), 1);
  const busy = Array.from({ length: 4 }, () => group.start(path, 'while :; do :; done'));
  assert.is(await trigger.next(), null);
  for (const child of busy) await end(child);
  trigger.calls.length = 0;
  rmdirSync(group.mount + path);
  let error = await trigger.next();
  while (error === null) error = await trigger.next();
  assert.is(describe(error), `ENODEV ${constants.errno.ENODEV} poll`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(trigger.calls, [], 'once');
  assert.is(descriptorsIn(group.mount + path), 0);
  trigger.close();
  trigger.close();
});

onKernel('psi trigger: closed in its own callback', async ({ createPsiTrigger }, group) => {
  const path = group.make('a');
  let calls = 0;
  await new Promise<void>((resolve) => {
    const alive = setTimeout(resolve, 20_000);
    const trigger = createPsiTrigger(`${group.mount}${path}/memory.pressure`, 'some 5000 2000000', () => {
      calls++;
      trigger.close();
      clearTimeout(alive);
      resolve();
    });
    rmdirSync(group.mount + path);
  });
  assert.is(calls, 1);
  assert.is(descriptorsIn(group.mount + path), 0);
});

onKernel('psi trigger: refused by the kernel, nothing is held', ({ createPsiTrigger }, group) => {
  const path = `${group.mount}${group.make('a')}/cpu.pressure`;
  const before = descriptors();
  const { EINVAL, ENOENT } = constants.errno;
  const make = (file: string, trigger: string) => failure(() => createPsiTrigger(file, trigger, () => {}));
  assert.is(make(path, 'some 0 1000000'), `EINVAL ${EINVAL} write`);
  assert.is(make(path, 'some 150000 10000001'), `EINVAL ${EINVAL} write`);
  assert.is(make(`${path}.nosuch`, 'some 150000 1000000'), `ENOENT ${ENOENT} open`);
  assert.is(descriptors(), before);
});

onTree('inotify: modifications of the files in a directory', async ({ createInotify }, tree) => {
  tree.write('/a/one', '');
  tree.write('/b/two ✓', '');
  const before = descriptorsIn(INOTIFY);
  const events: string[] = [];
  let wake: (() => void) | undefined;
  const inotify = createInotify(
    (watch, name) => {
      events.push(`${watch} ${name}`);
      wake?.();
    },
    () => events.push('overflow'),
  );
  const next = async (count: number) => {
    const alive = setTimeout(() => wake?.(), 20_000);
    while (events.length < count) await new Promise<void>((resolve) => (wake = resolve));
    clearTimeout(alive);
    return events.splice(0);
  };
  const a = inotify.add(`${tree.mount}/a`);
  const b = inotify.add(`${tree.mount}/b`);
  assert.is(inotify.add(`${tree.mount}/a`), a);
  writeFileSync(`${tree.mount}/a/one`, 'x', { flag: 'a' });
  writeFileSync(`${tree.mount}/b/two ✓`, 'x', { flag: 'a' });
  tree.write('/a/created-empty', '');
  assert.equal(await next(2), [`${a} one`, `${b} two ✓`]);
  inotify.remove(a);
  inotify.remove(a);
  writeFileSync(`${tree.mount}/a/one`, 'x', { flag: 'a' });
  writeFileSync(`${tree.mount}/b/two ✓`, 'x', { flag: 'a' });
  assert.equal(await next(1), [`${b} two ✓`]);
  const { ENOTDIR, ENOENT } = constants.errno;
  assert.is(
    failure(() => inotify.add(`${tree.mount}/a/one`)),
    `ENOTDIR ${ENOTDIR} inotify_add_watch`,
  );
  assert.is(
    failure(() => inotify.add(`${tree.mount}/nosuch`)),
    `ENOENT ${ENOENT} inotify_add_watch`,
  );
  inotify.close();
  inotify.close();
  inotify.remove(b);
  assert.match(
    failure(() => inotify.add(`${tree.mount}/a`)),
    /^ {2}|^ 0 $/,
  );
  assert.is(descriptorsIn(INOTIFY), before);
});

onKernel('inotify: somebody writes a limit', async ({ createInotify }, group) => {
  const path = group.mount + group.make('a');
  const name = await new Promise<string>((resolve) => {
    const alive = setTimeout(resolve, 20_000, 'nothing');
    const inotify = createInotify(
      (_, file) => {
        inotify.close();
        clearTimeout(alive);
        resolve(file);
      },
      () => {},
    );
    inotify.add(path);
    writeFileSync(`${path}/cgroup.max.depth`, '7');
  });
  assert.is(name, 'cgroup.max.depth');
});

onTree('inotify: an overflow is told', async ({ createInotify }, tree) => {
  const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  if (queue > 200_000) return console.log('the overflow is not tested: the queue is too long');
  tree.write('/one', '');
  tree.write('/two', '');
  let events = 0;
  await new Promise<void>((resolve, reject) => {
    const alive = setTimeout(reject, 20_000, new Error('no overflow'));
    const inotify = createInotify(
      () => events++,
      () => {
        inotify.close();
        clearTimeout(alive);
        resolve();
      },
    );
    inotify.add(tree.mount);
    for (let n = 0; n <= queue / 2; n++) {
      writeFileSync(`${tree.mount}/one`, 'x', { flag: 'a' });
      writeFileSync(`${tree.mount}/two`, 'x', { flag: 'a' });
    }
  });
  assert.is(events, queue);
});

/** A script that opens a trigger, an inotify and a collector, has a pass under way, and closes nothing. */
const abandoning = (path: string): string => `
  import { loadNative } from ${JSON.stringify(new URL('../../src/kernel/native.ts', import.meta.url).href)};
  const { native } = loadNative();
  native.createPsiTrigger(${JSON.stringify(`${path}/cpu.pressure`)}, 'some 150000 2000000', () => {});
  const inotify = native.createInotify(() => {}, () => {});
  inotify.add(${JSON.stringify(path)});
  const files = [{ file: 'cpu.stat', format: 'flat', keys: ['usage_usec'] }];
  const collector = native.createCollector(${JSON.stringify(path)}, files, 100, 100, 0, []);
  collector.collect([{ id: 1, path: '/' }], [], Uint32Array.of(1), Uint32Array.of(1));
  native.walk(${JSON.stringify(path)}, '/');
`;

onKernel('nothing keeps the process alive', (_, group) => {
  const script = abandoning(group.mount + group.make('a'));
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const { status, stderr } = spawnSync(process.execPath, args, { timeout: 120_000, encoding: 'utf8' });
  assert.is(status, 0, stderr);
});

onKernel('a worker thread that ends closes what it opened', async (_, group) => {
  const path = group.mount + group.make('a');
  const run = async () => {
    const worker = new Worker(
      `import('tsx/esm/api').then(({ register }) => { register(); return import('data:text/javascript,' + encodeURIComponent(${JSON.stringify(abandoning(path))})); });`,
      { eval: true, execArgv: [] },
    );
    const [code] = await once(worker, 'exit');
    assert.is(code, 0);
  };
  const before = descriptorsIn(INOTIFY);
  for (let n = 0; n < 3; n++) await run();
  assert.is(descriptorsIn(path), 0);
  assert.is(descriptorsIn(INOTIFY), before);
});

plain('listens: a socket file outlives who made it; what cannot be told counts as listening', async (native) => {
  const folder = temporaryFolder();
  const path = join(folder, 'api.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const before = descriptors();
  assert.is(native.listens(path), true);
  // Closing takes only a file of its first name away.
  renameSync(path, `${path}.left`);
  server.close();
  await once(server, 'close');
  assert.is(native.listens(`${path}.left`), false);
  assert.is(native.listens(path), true);
  assert.is(native.listens('x'.repeat(200)), false);
  assert.ok(descriptors() <= before);
});

test('TSCG_NATIVE=off: no addon, and the reason', () => {
  const script = `
    import { loadNative } from ${JSON.stringify(new URL('../../src/kernel/native.ts', import.meta.url).href)};
    console.log(JSON.stringify(loadNative()));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const env = { ...process.env, TSCG_NATIVE: 'off' };
  const output = execFileSync(process.execPath, args, { env, encoding: 'utf8' });
  assert.equal(JSON.parse(output), { reason: 'switched off by TSCG_NATIVE=off' });
});

test('an addon that cannot be loaded: the paths that were tried', () =>
  withTree(async (tree) => {
    tree.write('/package.json', '{ "type": "module" }');
    await build({
      entryPoints: [fileURLToPath(new URL('../../src/kernel/native.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile: `${tree.mount}/src/kernel/native.js`,
    });
    tree.write('/addon/build/Release/tscg.node', 'not an addon');
    const { loadNative: load } = await import(`${tree.mount}/src/kernel/native.js`);
    const given = process.env.TSCG_NATIVE;
    delete process.env.TSCG_NATIVE;
    const loaded = load();
    if (given !== undefined) process.env.TSCG_NATIVE = given;
    assert.is(loaded.native, undefined);
    assert.match(loaded.reason, `${tree.mount}/addon/build/Release/tscg.node`);
    assert.match(loaded.reason, `${tree.mount}/prebuilds`);
    assert.is(load(), loaded, 'tried once');
  }));

test.run();
