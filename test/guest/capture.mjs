// node test/guest/capture.mjs OUTDIR: makes a small hierarchy of cgroups with limits and load, and copies every interface file
// of it and of the root, and /proc files beside it, into a plain folder tree: real text for the parsers' tests.
// It makes and removes only cgroups of its own, under /tscg-capture, and ends only their processes.

import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { arch, release } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOAD_MS = 8000;
const SCRATCH = process.env.TSCG_GUEST_SCRATCH; // a disk whose io may be limited: in the guest only

/** @param {string} path */
const read = (path) => fs.readFileSync(path, 'utf8');

const outdir = process.argv[2];
if (!outdir) {
  console.error('usage: node test/guest/capture.mjs OUTDIR');
  process.exit(2);
}
const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(read('/proc/self/mountinfo'))?.[1];
if (!mount) {
  console.error(
    'no cgroup2 is mounted here; run it in the guest: node test/guest/run.mjs -- node test/guest/capture.mjs OUTDIR',
  );
  process.exit(1);
}
const top = join(mount, 'tscg-capture');
const scratchDevice = SCRATCH && deviceOf(SCRATCH);

/** @type {Record<string, { set?: Record<string, string>, needs?: string, run?: string }>} */
const GROUPS = {
  idle: {},
  busy: { run: 'while :; do :; done' },
  throttled: { set: { 'cpu.max': '50000 100000', 'cpu.weight': '200' }, run: 'while :; do :; done' },
  nice: { set: { 'cpu.idle': '1', 'cpuset.cpus': '0' }, run: 'while :; do :; done' },
  memory: {
    needs: 'memory.high',
    set: { 'memory.low': '8M', 'memory.high': '48M', 'memory.max': '128M' },
    run: '(head -c 64M /dev/zero; sleep 1000) | tail',
  },
  oom: {
    needs: 'memory.max', // without the limit this would eat the machine
    set: { 'memory.max': '16M', 'memory.swap.max': '0', 'memory.oom.group': '1' },
    run: 'tail /dev/zero',
  },
  disk: {
    needs: 'io.max',
    set: scratchDevice ? { 'io.max': `${scratchDevice} rbps=4194304 wiops=50`, 'io.weight': '50' } : {},
    run: SCRATCH && `while :; do dd if=/dev/zero of=${SCRATCH}/load bs=64k count=64 oflag=direct conv=fsync; done`,
  },
  forks: { needs: 'pids.max', set: { 'pids.max': '3' }, run: 'for i in 1 2 3 4 5 6; do sleep 1000 & done; wait' },
  frozen: { set: { 'cgroup.freeze': '1' }, run: 'sleep 1000' },
  boxed: { run: 'exec unshare --pid --fork --net --uts --ipc --cgroup sleep 1000' },
  pod: {},
  pool: {},
  'pool/worker': { set: { 'cgroup.type': 'threaded' } },
  'pod/container': { set: { 'memory.max': '64M' }, run: 'sleep 1000' },
};

/** "MAJOR:MINOR" of the disk under a folder. @param {string} folder */
function deviceOf(folder) {
  const { dev } = fs.statSync(folder);
  return `${(dev >> 8) & 0xfff}:${dev & 0xff}`;
}

/** Files that read the same in every cgroup here: kept for the root and one child, to keep the tree small. */
const SELDOM = /^(hugetlb\.1GB|rdma|misc)\./;

/** @type {Record<string, string>} what could not be written or read, and why: part of the record */
const refused = {};
/** @type {Set<string>} */
const writeOnly = new Set();

/** @template T @param {string} what @param {() => T} action */
function attempt(what, action) {
  try {
    return action();
  } catch (error) {
    refused[what] = /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
    return undefined;
  }
}

/** Enables every controller that there is for the children. @param {string} path */
function enableAll(path) {
  for (const controller of read(join(path, 'cgroup.controllers')).split(/\s+/).filter(Boolean)) {
    attempt(`${basename(path)}/cgroup.subtree_control = +${controller}`, () =>
      fs.writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`),
    );
  }
}

function makeGroups() {
  fs.mkdirSync(top);
  enableAll(top);
  for (const [name, { set = {}, needs, run }] of Object.entries(GROUPS)) {
    const path = join(top, name);
    fs.mkdirSync(path);
    if (name === 'pod') enableAll(path);
    for (const [file, value] of Object.entries(set)) {
      attempt(`${name}/${file} = ${value}`, () => fs.writeFileSync(join(path, file), value));
    }
    if (!run || (needs && read0(join(path, needs)).trim() === '')) continue;
    spawn('sh', ['-c', `echo $$ > ${path}/cgroup.procs && ${run}`], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH },
    });
  }
}

/** The text, or none where the file is not there. @param {string} path */
function read0(path) {
  return fs.existsSync(path) ? read(path) : '';
}

async function removeGroups() {
  if (!fs.existsSync(top)) return;
  fs.writeFileSync(join(top, 'cgroup.kill'), '1'); // takes those below with it
  for (const name of [...Object.keys(GROUPS), ''].sort().reverse()) {
    const path = join(top, name);
    if (!fs.existsSync(path)) continue;
    for (let tries = 0; ; tries++) {
      try {
        fs.rmdirSync(path);
        break;
      } catch (error) {
        if (tries > 50) throw error; // its processes take a moment to be gone
        await sleep(100);
      }
    }
  }
}

/** @param {string} to @param {string} text */
function write(to, text) {
  fs.mkdirSync(dirname(to), { recursive: true });
  fs.writeFileSync(to, text);
}

/** @param {string} from @param {string} to */
function copyFiles(from, to) {
  fs.mkdirSync(to, { recursive: true });
  for (const { name } of fs.readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    if (SELDOM.test(name) && !/\/(cgroup|busy)$/.test(from)) continue;
    const path = join(from, name);
    if ((fs.statSync(path).mode & 0o444) === 0) writeOnly.add(name);
    else attempt(path, () => write(join(to, name), read(path)));
  }
}

/** Mounts in places that say something of the machine's owner are left out. @param {string} text */
const publicMounts = (text) =>
  text
    .split('\n')
    .filter((line) => /^(\S+ ){4}\/((proc|sys|dev|run|scratch)\b\S*)? /.test(line) || line === '')
    .join('\n');

/** Where a machine keeps its own processes in cgroup v1 is of no use to us. @param {string} text */
const publicPaths = (text) => text.replace(/^(\d+:[^:]+:).*/gm, '$1/');

/** @type {Record<string, (text: string) => string>} */
const CLEANED = { mountinfo: publicMounts, cgroup: publicPaths };

/** @param {string} pid @param {string} to */
function copyProcess(pid, to) {
  for (const file of ['stat', 'status', 'schedstat', 'cgroup', 'mountinfo', 'comm', 'cmdline', 'net/dev', 'io']) {
    attempt(`/proc/${pid}/${file}`, () => {
      const text = read(`/proc/${pid}/${file}`);
      write(join(to, file), CLEANED[file]?.(text) ?? text);
    });
  }
  fs.mkdirSync(join(to, 'ns'), { recursive: true });
  for (const name of attempt(`/proc/${pid}/ns`, () => fs.readdirSync(`/proc/${pid}/ns`)) ?? []) {
    attempt(`/proc/${pid}/ns/${name}`, () =>
      fs.symlinkSync(fs.readlinkSync(`/proc/${pid}/ns/${name}`), join(to, 'ns', name)),
    );
  }
}

/** @param {string} folder */
function capture(folder) {
  copyFiles(/** @type {string} */ (mount), join(folder, 'cgroup'));
  for (const name of ['', ...Object.keys(GROUPS)]) {
    const path = join(top, name);
    copyFiles(path, join(folder, 'cgroup', basename(top), name));
    const pids = attempt(`${name}/cgroup.procs`, () => read(join(path, 'cgroup.procs'))) ?? '';
    for (const pid of pids.split('\n').filter(Boolean).slice(0, 2)) {
      copyProcess(pid, join(folder, 'proc', pid));
    }
  }
  copyProcess('self', join(folder, 'proc/self'));
  const files = ['stat', 'meminfo', 'vmstat', 'loadavg', 'uptime', 'swaps', 'diskstats', 'partitions', 'cgroups'];
  for (const file of [...files, 'pressure/cpu', 'pressure/memory', 'pressure/io', 'pressure/irq']) {
    attempt(`/proc/${file}`, () => write(join(folder, 'proc', file), read(`/proc/${file}`)));
  }
  const record = { kernel: release(), arch: arch(), mount, scratchDevice, writeOnly: [...writeOnly], refused };
  write(join(folder, 'capture.json'), `${JSON.stringify(record, null, 2)}\n`);
}

try {
  makeGroups();
  await sleep(LOAD_MS);
  fs.rmSync(outdir, { recursive: true, force: true });
  capture(outdir);
} finally {
  await removeGroups();
}
