// node test/guest/run.mjs [options] [--] COMMAND…: boots a virtual machine with a full cgroup v2 and runs the command in it.
// See README.md beside this file.

import { resolve } from 'node:path';
import { GuestError, say } from './cache.mjs';
import { KERNEL, MEMORY, runInGuest } from './machine.mjs';

const USAGE = `usage: node test/guest/run.mjs [options] [--] COMMAND…
  --systemd          systemd as pid 1, with container runtimes (default: no init system)
  --kernel VERSION   6.12 (default) or 6.1
  --timeout SECONDS  give up after this long (default 600); exit code 124
  --memory SIZE      of the machine (default ${MEMORY})
  --rw FOLDER        a folder of this machine to be writable inside, at the same path; may be repeated`;

/** @param {string[]} args */
function parse(args) {
  const options = {
    systemd: false,
    kernel: /** @type {'6.12' | '6.1'} */ (KERNEL),
    timeout: 600,
    memory: MEMORY,
    rw: /** @type {string[]} */ ([]),
    command: /** @type {string[]} */ ([]),
  };
  const rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift();
    if (option === '--') break;
    if (option === '--help') return undefined;
    if (option === '--systemd') {
      options.systemd = true;
      continue;
    }
    const value = rest.shift();
    if (value === undefined) throw new GuestError(`${option} is unknown or needs a value\n${USAGE}`);
    if (option === '--kernel' && (value === '6.12' || value === '6.1')) options.kernel = value;
    else if (option === '--timeout' && Number(value) > 0) options.timeout = Number(value);
    else if (option === '--memory' && /^\d+[MG]$/.test(value)) options.memory = value;
    else if (option === '--rw') options.rw.push(resolve(value));
    else throw new GuestError(`${option} ${value} is not understood\n${USAGE}`);
  }
  options.command = rest;
  if (rest.length === 0) throw new GuestError(`no command given\n${USAGE}`);
  return options;
}

try {
  const options = parse(process.argv.slice(2));
  if (!options) {
    console.log(USAGE);
  } else {
    process.exitCode = await runInGuest(options, process.stdout, process.stderr);
  }
} catch (error) {
  if (!(error instanceof GuestError)) throw error;
  say(error.message);
  process.exitCode = error.message.includes('usage:') ? 2 : 125;
}
