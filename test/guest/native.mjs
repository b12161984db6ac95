// node test/guest/native.mjs COMMAND…: runs it as root beside systemd in User-Mode Linux. Its instructions are this machine's
// own, so that times compare, which emulated ones do not; one CPU, and a kernel with cpu, io, memory and pids alone.
// The whole output comes at the end; so does the command's exit code.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensure, GuestError, say } from './cache.mjs';
import { assignments, quoted, TIMED_OUT, VM_FAILED } from './machine.mjs';
import { pieces } from './pieces.mjs';

/** It takes three seconds. Where it cannot run it may hang. */
const START_MS = 60_000;
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Runs the command and resolves to its exit code, or 124 (time-out), and to what it said till then. Throws GuestError where
 * the machine failed.
 * @param {string[]} command @param {number} timeout in seconds, from the start of the machine
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function runNatively(command, timeout) {
  const [uml = '', rootfs = ''] = ensure([pieces.uml, pieces.rootfs]);
  const run = mkdtempSync(join(tmpdir(), 'tscg-native-'));
  try {
    const values = {
      MODULES: join(uml, 'modules'),
      SHOW: [...new Set([resolve(here, '../..'), process.cwd()])].join(' '),
      NODE: process.execPath,
    };
    writeFileSync(join(run, 'settings'), assignments(values));
    const script = [
      'export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TSCG_GUEST=native',
      `cd ${quoted(process.cwd())}`,
      command.map(quoted).join(' '),
      'echo $? > /run/native/code',
      // At once: a shutdown waits for what the command left behind.
      'sync',
      'systemctl poweroff -ff > /dev/null 2>&1',
    ];
    writeFileSync(join(run, 'command'), script.join('\n'));
    cpSync(join(here, 'native-init.sh'), join(run, 'init.sh'));
    const args = [
      ...['mem=3G', `ubd0c=${join(run, 'changes')},${join(rootfs, 'image')}`],
      ...['rootfstype=hostfs', 'rootflags=/', 'ro', 'con=null', 'con0=null,fd:1', 'selinux=0', 'apparmor=0', 'quiet'],
      ...['init=/bin/sh', '--', join(run, 'init.sh'), run],
    ];
    const machine = spawn(join(uml, 'linux'), args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let console = '';
    for (const stream of [machine.stdout, machine.stderr]) stream.on('data', (data) => (console += data));
    // It is many processes: all go.
    const end = () => {
      try {
        process.kill(-(machine.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, timeout * 1000);
    const start = setTimeout(() => existsSync(join(run, 'output')) || end(), START_MS);
    process.once('exit', end);
    await new Promise((settle) => machine.once('close', settle).once('error', settle));
    clearTimeout(timer);
    clearTimeout(start);
    process.off('exit', end);
    /** @param {string} name */
    const told = (name) => (existsSync(join(run, name)) ? readFileSync(join(run, name), 'utf8') : '');
    if (isLate) {
      say(`timed out after ${timeout} s`);
      return { code: TIMED_OUT, output: told('output') };
    }
    if (told('code') === '') {
      const shown = console
        .replace(/[^\n\t\x20-\x7e]/g, '')
        .trim()
        .split('\n');
      throw new GuestError(
        `the machine ended before the command; the end of its console:\n${shown.slice(-15).join('\n')}`,
      );
    }
    return { code: Number(told('code')), output: told('output') };
  } finally {
    rmSync(run, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { code, output } = await runNatively(process.argv.slice(2), 600);
    process.stdout.write(output);
    process.exitCode = code;
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    say(error.message);
    process.exitCode = VM_FAILED;
  }
}
