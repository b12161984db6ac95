/** `tscg run` on a kernel that has every controller: limits that hold, and what is told at the end. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, TSCG, tscg, withBox } from '../../boxes.ts';

test('limits are there before the command is, and the cgroup is gone after it', () => {
  const script = 'cd /sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); cat cpu.max memory.max pids.max';
  const { status, stdout, stderr } = tscg(
    'run',
    '--name',
    'job',
    '--cpu',
    '50%',
    '--memory',
    '256M',
    '--pids',
    '20',
    '--',
    'sh',
    '-c',
    script,
  );
  assert.is(status, 0, stderr);
  assert.is(stdout, '50000 100000\n268435456\n20\n');
  assert.match(stderr, /tscg: job: exit code 0; CPU \d+\.\d\d s .* peak memory \d+(\.\d+)? [KM]iB, io read/);
  assert.not(existsSync(join(MOUNT, 'tscg/job')));
  assert.not(existsSync(join(MOUNT, 'tscg')));
});

test('throttled time is told', () => {
  const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done';
  const { stderr } = tscg('run', '--name', 'job', '--cpu', '20%', '--', 'sh', '-c', script);
  assert.ok(Number(/throttled (\d+\.\d+) s/.exec(stderr)?.[1]) > 0.2, stderr);
});

test('out of memory: 137 and the number of kills', () => {
  const { status, stderr } = tscg('run', '--name', 'job', '--memory', '32M', '--', 'sh', '-c', 'exec tail /dev/zero');
  assert.is(status, 137, stderr);
  assert.match(stderr, /ended by signal 9; .*peak memory 32 MiB.*OOM kills 1/);
});

test('no room for the command is told, and nothing is left', () => {
  const { status, stderr } = tscg('run', '--name', 'job', '--pids', '0', '--', 'true');
  assert.is(status, 1);
  assert.match(
    stderr,
    /started in \/tscg\/job: EAGAIN \(pids\.max of \/tscg\/job is \d+, and \d+ tasks are in it; give a higher --pids\)/,
  );
  assert.not(existsSync(join(MOUNT, 'tscg/job')));
});

test('a name that is taken is left alone', () =>
  withBox('/tscg/job', async (box) => {
    const { status, stderr } = tscg('run', '--name', 'job', '--', 'true');
    assert.is(status, 1);
    assert.match(stderr, /\/tscg\/job exists already: give another --name/);
    assert.is(box.read('cgroup.type'), 'domain');
  }));

test('namespaces with limits: pid 1, host name, its cgroup as the root', () => {
  const flags = ['--pid', '--mount', '--uts', '--net', '--ipc', '--cgroup', '--memory', '64M'];
  const script = 'echo $$; hostname; sed -n "s/^0:://p" /proc/self/cgroup; cat /sys/fs/cgroup/memory.max';
  const { status, stdout, stderr } = tscg('run', '-q', '--name', 'box1', ...flags, '--', 'sh', '-c', script);
  assert.is(status, 0, stderr);
  assert.is(stdout, '1\nbox1\n/\n67108864\n');
});

/** A folder with a shell and its libraries, to be somebody's root. */
async function withRoot(use: (root: string) => void | Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'tscg-root-'));
  try {
    const libraries = execFileSync('ldd', ['/bin/sh'], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
    execFileSync('cp', ['--parents', '-L', '/bin/sh', ...libraries, root]);
    await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What is mounted, our scratch folders, and cgroups: the same before and after. */
const around = (): string[] => [
  readFileSync('/proc/self/mountinfo', 'utf8'),
  ...readdirSync(tmpdir()).filter((name) => name.startsWith('tscg-run-')),
  String(existsSync(join(MOUNT, 'tscg'))),
];

/** Built-ins alone: the root holds nothing else. Mount points, then what is in /. */
const LOOK = 'while read -r a b c d at rest; do echo "$at"; done < /proc/self/mountinfo; echo /*';

test('--rootfs: the folder is the root and the old one out of reach; nothing is left', () =>
  withRoot((root) => {
    const before = around();
    const flags = ['--rootfs', root, '--pid', '--memory', '64M'];
    const script = `${LOOK}; echo $$; echo x > /written; exit 7`;
    const { status, stdout, stderr } = tscg('run', '--name', 'job', ...flags, '--', '/bin/sh', '-c', script);
    assert.is(status, 7, stderr);
    const lines = stdout.trim().split('\n');
    const [mine = '', pid] = lines.slice(-2);
    assert.is(pid, '1');
    const inRoot = new Set(mine.split(' '));
    for (const name of ['/bin', '/proc', '/dev']) assert.ok(inRoot.has(name), mine);
    for (const name of ['/etc', '/root', '/scratch', '/oldroot']) assert.not(inRoot.has(name), mine);
    const mounts = lines.slice(0, -2);
    assert.is(mounts[0], '/');
    assert.equal(
      mounts.filter((at) => !/^\/($|proc|sys|dev)/.test(at)),
      [],
    );
    assert.match(stderr, /job: exit code 7; .*peak memory/);
    assert.is(readFileSync(join(root, 'written'), 'utf8'), 'x\n');
    assert.equal(around(), before);
  }));

test('--rootfs: the folders made in it stay where something is in them, and where another run has them', () =>
  withRoot(async (root) => {
    const before = readdirSync(root);
    const flags = (script: string) => ['--rootfs', root, '--', '/bin/sh', '-c', script];
    tscg('run', ...flags('echo x > /tmp/kept'));
    assert.equal(readdirSync(root), [...before, 'tmp'].sort());

    const start = async (script: string) => {
      const child = spawn(process.execPath, [TSCG, 'run', '-q', ...flags(`echo ready; read -r line; ${script}`)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      return child;
    };
    const first = await start('exit');
    const second = await start('echo /dev/n*');
    first.stdin.write('go\n');
    await once(first, 'exit');
    second.stdin.write('go\n');
    const [[seen]] = await Promise.all([once(second.stdout, 'data'), once(second, 'exit')]);
    assert.is(String(seen), '/dev/null\n');
  }));

test('--overlay: the topmost layer counts, what is written is gone, nothing is left', () =>
  withRoot((root) => {
    const [top, middle] = ['top', 'middle'].map((name) => {
      const folder = `${root}-${name}`;
      mkdirSync(folder);
      writeFileSync(join(folder, 'who'), `${name}\n`);
      return folder;
    });
    writeFileSync(join(middle ?? '', 'below'), 'seen\n');
    try {
      const before = around();
      const script = `read -r who < /who; read -r below < /below; echo $who $below; echo mine > /who; read -r who < /who; echo $who; ${LOOK}; exit 5`;
      const lowers = [top, middle, root].join(':');
      const { status, stdout, stderr } = tscg('run', '--name', 'job', '--overlay', lowers, '--', 'sh', '-c', script);
      assert.is(status, 5, stderr);
      assert.match(stdout, /^top seen\nmine\n\/\n/);
      assert.not.match(stdout, /\/scratch/);
      assert.is(readFileSync(join(top ?? '', 'who'), 'utf8'), 'top\n');
      assert.equal(
        readdirSync(top ?? '').filter((name) => name !== 'who'),
        [],
      );
      assert.equal(around(), before);
    } finally {
      for (const folder of [top, middle]) rmSync(folder ?? '', { recursive: true });
    }
  }));

test('--dry-run: the controllers that it would switch on, the limits, and nothing made', () => {
  const { status, stdout } = tscg('run', '--dry-run', '--name', 'job', '--memory', '64M', '--cpu', '50%', '--', 'true');
  assert.is(status, 0);
  assert.match(stdout, /^job {2}\/tscg\/job\n {2}a new cgroup/);
  assert.match(stdout, /switches on memory in \/tscg\n/);
  assert.match(stdout, /cpu\.max: max 100000 → 50000 100000 [\s\S]*memory\.max: max → 67108864/);
  assert.not(existsSync(join(MOUNT, 'tscg')));
  const made: unknown = JSON.parse(tscg('run', '--dry-run', '--json', '--memory', '64M', 'true').stdout);
  assert.ok(typeof made === 'object' && made !== null && 'writes' in made && Array.isArray(made.writes));
  assert.is(made.writes.length, 1);
});

test('case 107: where no more cgroups are allowed, the limit is named with its value and its place', () => {
  const stat = readFileSync(join(MOUNT, 'cgroup.stat'), 'utf8');
  const there = Number(/^nr_descendants (\d+)$/m.exec(stat)?.[1]);
  for (const [file, value, reason] of [
    [
      'cgroup.max.descendants',
      String(there),
      `cgroup.max.descendants of / is ${there}, and ${there} cgroups are below it`,
    ],
    ['cgroup.max.depth', '1', 'cgroup.max.depth of / is 1, and this would be level 2 below it'],
  ] as const) {
    writeFileSync(join(MOUNT, file), value);
    try {
      const { status, stderr } = tscg('run', '--', 'true');
      assert.is(status, 1, stderr);
      assert.match(
        stderr,
        new RegExp(`^tscg: make /tscg[^ ]*: EAGAIN \\(${reason}; raise it: echo max > ${MOUNT}/${file}\\)\n$`),
      );
      assert.not(existsSync(join(MOUNT, 'tscg')));
    } finally {
      writeFileSync(join(MOUNT, file), 'max');
    }
  }
});

test('case 108: who was moved out of its own cgroup namespace is told so, by run, its dry run and doctor', () =>
  withBox('/inside', (inside) =>
    withBox('/outside', async (outside) => {
      const commands = ['run -- true', 'run --dry-run -- true', 'doctor'];
      const script = `echo 0 > '${join(MOUNT, inside.path, 'cgroup.procs')}'; exec unshare -C -m sh -c 'mount -t tmpfs none "${MOUNT}"; mount -t cgroup2 none "${MOUNT}"; echo ready; read -r go; ${commands.map((words) => `"$0" "$1" ${words}; echo "= $?"`).join('; ')}' "$0" "$1"`;
      const shell = spawn('sh', ['-c', script, process.execPath, TSCG], { stdio: 'pipe' });
      let text = '';
      for (const stream of [shell.stdout, shell.stderr])
        stream.setEncoding('utf8').on('data', (part) => (text += part));
      while (!text.includes('ready')) await once(shell.stdout, 'data');
      outside.write('cgroup.procs', String(shell.pid));
      shell.stdin.end('go\n');
      await once(shell, 'close');
      const told = text.match(/this process is in \/\.\.\/outside, outside its own cgroup namespace: .*/g) ?? [];
      assert.is(told.length, commands.length, text);
      assert.equal(text.match(/^= \d+$/gm), ['= 1', '= 1', '= 1'], text);
      assert.match(text, /nsenter --target 1 --cgroup --mount tscg/);
      assert.not(existsSync(join(MOUNT, inside.path, 'tscg')));
    }),
  ));

test('an empty /tscg that the user made stays, and one that tscg made goes with the last run', () =>
  withBox('/tscg', async () => {
    assert.is(tscg('run', '--memory', '64M', '--', 'true').status, 0);
    assert.ok(existsSync(join(MOUNT, 'tscg')));
    assert.is(readFileSync(join(MOUNT, 'tscg/cgroup.subtree_control'), 'utf8').trim(), '');
  }));

test.run();
