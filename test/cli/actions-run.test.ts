/** `tscg run` on this machine's own mount: what passes through, and that nothing is left. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn as openPty } from '@lydell/node-pty';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { childrenOf } from '../../src/kernel/subtree.ts';
import { MOUNT, TSCG, tscg, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const NAME = `tscg-run-test-${process.pid}`;

const isThere = (): boolean => existsSync(join(MOUNT, 'tscg', NAME));

const run = (...args: string[]) => tscg('run', '--name', NAME, ...args);

test('the command runs in a cgroup of its own, which is gone at the end', () => {
  const { status, stdout, stderr } = run('--', 'cat', '/proc/self/cgroup');
  assert.is(status, 0, stderr);
  assert.match(stdout, new RegExp(`^0::/tscg/${NAME}$`, 'm'));
  assert.match(stderr, new RegExp(`^tscg: ${NAME}: exit code 0; CPU .* peak memory .*\\n$`));
  assert.not(isThere());
});

test('exit codes: its own, 128 and the signal, 126 and 127 as in a shell', () => {
  const table: readonly [readonly string[], number, RegExp][] = [
    [['true'], 0, /^$/],
    [['sh', '-c', 'exit 42'], 42, /^$/],
    [['sh', '-c', 'kill -TERM $$'], 143, /^$/],
    [['sh', '-c', 'kill -KILL $$'], 137, /^$/],
    [['/etc/passwd'], 126, /^tscg: cannot run "\/etc\/passwd": EACCES \(the file may not be run: [^\n]*\n$/],
    [['no-such-command-here'], 127, /^tscg: cannot run "no-such-command-here": no such command\n$/],
  ];
  for (const [command, code, said] of table) {
    const { status, stdout, stderr } = run('-q', '--', ...command);
    assert.is(status, code, command.join(' '));
    assert.match(stderr, said);
    assert.is(stdout, '');
    assert.not(isThere());
  }
});

test('arguments after the command are its own, -- or not', () => {
  assert.is(run('-q', 'echo', '--quiet', '-m', '$HOME', '').stdout, '--quiet -m $HOME \n');
  assert.is(run('-q', '--', 'echo', '--', 'a b').stdout, '-- a b\n');
});

test('a script without #! is run by a shell, as execvp does', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'job'), 'echo "$0 $1"; exit 6\n', { mode: 0o755 });
  const { status, stdout } = run('-q', '--', join(folder, 'job'), 'a b');
  assert.equal([status, stdout], [6, `${join(folder, 'job')} a b\n`]);
});

test('bytes that are no UTF-8: the environment has them, an argument is refused', () => {
  const shell = (script: string) =>
    spawnSync('/bin/sh', ['-c', script, process.execPath, TSCG, 'run', '-q', '--name', NAME, '--']);
  const { stdout } = shell('CAFE=$(printf "caf\\351") exec "$0" "$@" sh -c \'printf %s "$CAFE"\'');
  assert.is(stdout.toString('latin1'), 'caf\xe9');
  const refused = shell('exec "$0" "$@" printf %s "$(printf "caf\\351")"');
  assert.is(refused.status, 2);
  assert.match(refused.stderr.toString(), /^tscg: "caf\ufffd" is not UTF-8 as it was typed.*\n$/);
  assert.is(run('-q', '--', 'printf', '%s', 'caf\ufffd').stdout, 'caf\ufffd');
});

test('what the command leaves behind is ended', () => {
  const { status, stderr } = run('--', 'sh', '-c', 'sleep 1000 & sleep 1000 & exit 3');
  assert.is(status, 3);
  assert.match(stderr, /ended 2 processes that .* left behind/);
  assert.not(isThere());
});

test('signals that tscg gets go to the command', async () => {
  const child = spawn(process.execPath, [TSCG, 'run', '-q', '--name', NAME, '--', 'sh', '-c', SCRIPT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code] = await ended;
  assert.is(code, 9);
  assert.not(isThere());
});

const SCRIPT = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done';

/** With a scratch folder, which an --overlay needs, among `temporary`. */
async function runOverlaid(script: string, signal: (child: ChildProcess, temporary: string) => () => void) {
  const temporary = temporaryFolder();
  const child = spawn(
    process.execPath,
    [TSCG, 'run', '-q', '--name', NAME, '--overlay', '/', '--', 'sh', '-c', script],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: temporary } },
  );
  const stop = signal(child, temporary);
  try {
    const [code] = await once(child, 'exit');
    assert.equal(readdirSync(temporary), []);
    assert.not(isThere());
    return code;
  } finally {
    stop();
  }
}

test('signals while it clears up, and until it has ended, leave nothing and lose no exit code', async () => {
  const code = await runOverlaid(SCRIPT, (child) => {
    let ticker: NodeJS.Timeout | undefined;
    child.stdout?.once('data', () => {
      ticker = setInterval(() => child.kill('SIGTERM'), 1);
    });
    return () => clearInterval(ticker);
  });
  assert.is(code, 9);
});

test('a signal before there is a command ends it as one after would, and leaves nothing', async () => {
  const code = await runOverlaid('exec sleep 1000', (child, temporary) => {
    const watcher = watch(temporary, () => {
      watcher.close();
      child.kill('SIGTERM');
    });
    return () => watcher.close();
  });
  assert.is(code, 143);
});

test('pid 1 of a namespace has no default for a signal: it is ended all the same', async () => {
  const command = ['--pid', '--', 'sh', '-c', 'echo ready; exec sleep 1000'];
  const child = spawn(process.execPath, [TSCG, 'run', '-q', '--name', NAME, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code] = await ended;
  assert.is(code, 143);
});

test('pid 1 of a namespace that ignores a signal goes on', async () => {
  const script = 'trap "" TERM; echo ready; read -r line; exit 4';
  const child = spawn(process.execPath, [TSCG, 'run', '-q', '--name', NAME, '--pid', '--', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  child.stdin.write('go\n');
  const [code] = await ended;
  assert.is(code, 4);
});

test('Ctrl-C, which a terminal sends to the command too, is not passed on: also where the input is no terminal', async () => {
  const command = `process.on('SIGINT', () => console.log('caught'));
    process.on('SIGUSR1', () => { console.log('over'); process.exit(); });
    setInterval(() => {}, 1000);
    console.log('ready');`;
  // Out of the terminal's session, so that what it catches has come from tscg.
  const args = [TSCG, 'run', '-q', '--name', NAME, '--', 'setsid', process.execPath, '-e', command];
  const starter = `const { spawn } = require('node:child_process');
    const run = spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['ignore', 'inherit', 'inherit'] });
    process.on('SIGINT', () => run.kill('SIGUSR1'));`;
  const terminal = openPty(process.execPath, ['-e', starter], {});
  let said = '';
  terminal.onData((data) => {
    said += data;
    if (data.includes('ready')) terminal.write('\x03');
  });
  await new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  assert.equal(said.match(/ready|caught|over/g), ['ready', 'over']);
});

test('namespaces: pid 1, its own host name, only its own processes and network', () => {
  const script =
    'echo $$; hostname; ls -d /proc/[0-9]* | wc -l; ls /sys/class/net; cat /proc/self/cgroup | grep 0::; id -u';
  const flags = ['--pid', '--mount', '--net', '--uts', '--ipc', '--user', '--cgroup', '--time'];
  const { status, stdout, stderr } = run('-q', ...flags, '--', 'sh', '-c', script);
  assert.is(status, 0, stderr);
  const [pid, host, processes, ...rest] = stdout.trim().split('\n');
  assert.equal([pid, host], ['1', NAME]);
  assert.ok(Number(processes) < 6, processes);
  assert.equal(rest.slice(-2), ['0::/', '0']);
});

test('--overlay: what is written is gone, also from a root of several layers', () => {
  const { status, stdout, stderr } = run(
    '-q',
    '--overlay',
    '/',
    '--pid',
    '--',
    'sh',
    '-c',
    'echo $$ > /etc/tscg-x; cat /etc/tscg-x; echo to > /dev/null; pwd',
  );
  assert.is(status, 0, stderr);
  assert.is(stdout, '1\n/\n');
  assert.not(existsSync('/etc/tscg-x'));
  assert.equal(
    readdirSync(tmpdir()).filter((name) => name.startsWith('tscg-run-') && name.length === 15),
    [],
  );
});

test('--rootfs: what it makes in the folder is told, and gone at the end', () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'tmp'));
  const { stdout } = run('--dry-run', '--rootfs', root, '--', '/none');
  assert.match(stdout, /makes dev, proc, sys, tmp in it where they are missing, and removes them at the end/);
  assert.is(run('-q', '--rootfs', root, '--', '/none').status, 127);
  assert.equal(readdirSync(root), ['tmp']);
});

test('without the addon a shell takes its place; namespaces say what they need', () => {
  process.env.TSCG_NATIVE = 'off';
  try {
    const { status, stdout } = run('-q', '--', 'sh', '-c', 'cat /proc/self/cgroup; exit 5');
    assert.is(status, 5);
    assert.match(stdout, new RegExp(`^0::/tscg/${NAME}$`, 'm'));
    const refused = run('--pid', '--', 'true');
    assert.is(refused.status, 1);
    assert.match(refused.stderr, /namespaces need the addon/);
  } finally {
    delete process.env.TSCG_NATIVE;
  }
});

test('a cgroup delegated by half, where no process may be moved: refused with the remedy, with the addon and without', () =>
  withBox(`/${NAME}-half`, async ({ path }) => {
    const folder = join(MOUNT, path);
    mkdirSync(join(folder, 'inner'));
    chownSync(folder, NOBODY, NOBODY);
    const script = `echo 0 > ${folder}/inner/cgroup.procs; exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$@"`;
    for (const native of ['on', 'off']) {
      const { status, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', process.execPath, TSCG, 'run', 'true'], {
        encoding: 'utf8',
        env: { ...process.env, TSCG_NATIVE: native },
        timeout: 120_000,
      });
      assert.is(status, 1, stderr);
      assert.match(
        stderr,
        /^tscg: (?:the command cannot be started in \/|write "\d+" to )[^\n]*: EACCES \([^\n]*cgroup\.procs of the cgroup above[^\n]*; run it with sudo, or [^\n]*\n$/,
      );
      assert.equal(childrenOf(MOUNT, path), [`${path}/inner`]);
    }
  }));

const NOBODY = 65534;

test('no more user namespaces: the message names the limit', () => {
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
  const command = [process.execPath, TSCG, 'run', '--user', 'true'];
  const { status, stderr } = spawnSync('unshare', ['--user', '-r', 'sh', '-c', script, 'sh', ...command], {
    encoding: 'utf8',
  });
  assert.is(status, 1);
  assert.match(
    stderr,
    /^tscg: [^\n]*: ENOSPC \(no more namespaces of these kinds may be made here; raise \/proc\/sys\/user\/max_\*_namespaces[^\n]*\n$/,
  );
});

test('--dry-run says what would be made, and makes nothing', () => {
  const { status, stdout } = run('--dry-run', '--pid', '--overlay', '/etc:/usr', '--', 'sh', '-c', 'exit 3');
  assert.is(status, 0);
  assert.is(
    stdout,
    `${NAME}  /tscg/${NAME}
  a new cgroup, removed at the end
  namespaces of its own: pid, mount
  its root: laid over /etc, /usr; what it writes is gone at the end
  runs: sh -c exit 3
dry run: nothing was started
`,
  );
  assert.not(existsSync(join(MOUNT, 'tscg')));
  const made: unknown = JSON.parse(run('--dry-run', '--json', '--rootfs', '/tmp', 'true').stdout);
  assert.equal(made, {
    name: NAME,
    path: `/tscg/${NAME}`,
    enabled: [],
    namespaces: ['mount'],
    rootfs: '/tmp',
    overlay: null,
    command: ['true'],
    writes: [],
    unchanged: [],
    risks: [],
    started: false,
  });
});

test('--json: the summary beside the output, null for what this kernel does not tell', () => {
  const { status, stdout, stderr } = run('--json', '--', 'sh', '-c', 'echo out; sleep 1000 & kill -TERM $$');
  assert.is(status, 143);
  assert.is(stdout, 'out\n');
  const told: unknown = JSON.parse(stderr);
  assert.ok(typeof told === 'object' && told !== null);
  const { name, exit_code, signal, left_behind, cpu_seconds } = { cpu_seconds: undefined, ...told } as Record<
    string,
    unknown
  >;
  assert.equal([name, exit_code, signal, left_behind, typeof cpu_seconds], [NAME, null, 15, 1, 'number']);
});

test('bad input is 2, and makes no cgroup', () => {
  const table: readonly [readonly string[], RegExp][] = [
    [[], /missing required argument/],
    [['--name', 'a/b', 'true'], /is no name/],
    [['--name', '..', 'true'], /is no name/],
    [['--rootfs', '/nowhere', 'true'], /"\/nowhere" is no folder/],
    [['--rootfs', '/', '--overlay', '/', 'true'], /give one of them/],
    [['--rootfs', '', 'true'], /"" is no folder/],
    [['--overlay', '/etc:', 'true'], /"" is no folder/],
    [['--uts', '--name', 'n'.repeat(65), 'true'], /of at most 64 characters/],
    [['--memory', 'lots', 'true'], /not a size/],
  ];
  for (const [args, said] of table) {
    const { status, stderr } = tscg('run', ...args);
    assert.is(status, 2, stderr);
    assert.match(stderr, said);
    assert.match(stderr, /^tscg: [^\n]+\n$/);
  }
  assert.not(isThere());
});

test.run();
