// npm run bench:neighbours [-- CASE… --seeds 11,12]: who hurts whom, in the guest, against the victim's own slowdown;
// with --prove how often `tscg prove` (of dist: npm run build) finds the effect of a culprit, and of an innocent.
// Seeds below 10 are for tuning, those from 10 on are reported: no threshold is chosen by what they give.
// Each look is kept in node_modules/.cache/tscg-neighbours/looks; again.ts judges it once more after a rule was changed.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';
import { runInGuest } from '../guest/machine.mjs';

const REPORTED = '11,12';
const TIMEOUT = 5400;
const LATE_MS = 100;
const CPUS = 2;

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const args = process.argv.slice(2);
const at = args.indexOf('--seeds');
const [, seeds = REPORTED] = at < 0 ? [] : args.splice(at, 2);
const cases = args.filter((word) => word !== '--prove');
const program = cases.length < args.length ? 'prove' : 'bench';

const folder = join(process.cwd(), 'node_modules/.cache/tscg-neighbours');
const looks = join(folder, 'looks');
mkdirSync(looks, { recursive: true });
const load = join(folder, 'load');
const flags = ['-O1', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
const { status, stderr, error } = spawnSync('gcc', [...flags, '-o', load, 'test/neighbours/load.c'], {
  encoding: 'utf8',
});
if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);

/** The virtual CPUs are the threads of QEMU that ran most. @param {number} pid */
function lateMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const [run = 0, wait = 0] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ').map(Number);
    return { tid: Number(tid), run, late: wait / 1e6 };
  });
  const most = threads.sort((a, b) => b.run - a.run).slice(0, CPUS);
  return most.sort((a, b) => a.tid - b.tid).map(({ late }) => late.toFixed(1));
}

/** The guest cannot see that the host does not run its virtual CPUs: so it is told. */
function tellLate() {
  try {
    const threads = readdirSync('/proc/self/task');
    const children = threads.flatMap((tid) =>
      readFileSync(`/proc/self/task/${tid}/children`, 'utf8').split(' ').filter(Boolean),
    );
    const machine = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('qemu'));
    if (machine === undefined) return;
    writeFileSync(join(looks, 'late.new'), lateMs(Number(machine)).join(' '));
    renameSync(join(looks, 'late.new'), join(looks, 'late'));
  } catch {
    // It has ended, or has not begun.
  }
}

const bundles = await bundleTests([`test/neighbours/${program}.ts`], 'guest');
// What looks is on one CPU, so that under emulation, where it is slow, it is not before the victims on the other.
const command = ['taskset', '-c', '0', 'node', join(bundles, `test/neighbours/${program}.mjs`)];
const options = {
  systemd: false,
  kernel: /** @type {const} */ ('6.12'),
  memory: '5G',
  timeout: TIMEOUT,
  rw: [looks],
  command: [...command, load, looks, seeds, ...cases],
};
const telling = setInterval(tellLate, LATE_MS);
process.exitCode = await runInGuest(options, process.stdout, process.stderr);
clearInterval(telling);
