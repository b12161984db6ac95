/** `tscg apply` and `tscg snapshot` on a kernel that has every controller. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, MOUNT, STATE_DIR, TSCG, tscg, tscgJson, withBox } from '../../boxes.ts';

async function withPolicy<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tscg-policy-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, text);
  try {
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const POLICY = `
version: 1
rules:
  - match: { name: 'job-*' }
    limits: { cpu: 50%, pids: 100 }
  - match: { path: /jobs/job-b }
    limits:
      pids: 50
      memory: 64M
`;

const limitsOf = (box: Box): string[] => ['cpu.max', 'pids.max', 'memory.max'].map((file) => box.read(file));
const UNSET = ['max 100000', 'max', 'max'];

async function withJobs(use: (a: Box, b: Box, jobs: Box) => Promise<void>): Promise<void> {
  await withBox('/jobs', async (jobs) => {
    jobs.write('cgroup.subtree_control', '+cpu +memory +pids');
    await withBox('/jobs/job-a', (a) => withBox('/jobs/job-b', (b) => use(a, b, jobs)));
  });
}

test('a policy is one change of all its workloads, later rules over earlier ones; undo takes all back', () =>
  withJobs((a, b) =>
    withPolicy(POLICY, async (file) => {
      const dry = tscg('apply', file, '--dry-run');
      assert.is(dry.status, 0, dry.stderr);
      assert.match(dry.stdout, /^--- \/jobs\/job-a$/m);
      assert.match(
        dry.stdout,
        /^-cpu\.max: max 100000 {3}\(no limit\)\n\+cpu\.max: 50000 100000 {3}\(50% of one CPU\)$/m,
      );
      assert.equal(limitsOf(a), UNSET);

      const { applied, id } = tscgJson('apply', file);
      assert.is(applied, true);
      assert.equal(limitsOf(a), ['50000 100000', '100', 'max']);
      assert.equal(limitsOf(b), ['50000 100000', '50', String(64 * 2 ** 20)]);
      assert.match(tscg('apply', file).stdout, /nothing to change/);

      assert.is(tscg('undo', String(id)).status, 0);
      assert.equal([limitsOf(a), limitsOf(b)], [UNSET, UNSET]);
    }),
  ));

test('a snapshot reads back to nothing to change, and restores what was set', () =>
  withJobs(async (a, b) => {
    a.write('cpu.max', '33333 70000');
    a.write('memory.max', String(48 * 2 ** 20));
    b.write('cpu.weight', '250');
    b.write('cpu.max', 'max 20000');
    const before = [limitsOf(a), limitsOf(b), b.read('cpu.weight')];
    const { stdout, status, stderr } = tscg('snapshot');
    assert.is(status, 0, stderr);
    await withPolicy(stdout, async (file) => {
      const again = tscg('apply', file);
      assert.match(again.stdout, /nothing to change/, stdout + again.stderr);

      for (const box of [a, b]) box.write('cpu.max', 'max 100000');
      a.write('memory.max', 'max');
      b.write('cpu.weight', '100');
      assert.is(tscg('apply', file).status, 0);
      assert.equal([limitsOf(a), limitsOf(b), b.read('cpu.weight')], before);
      assert.is(tscg('undo').status, 0);
    });
  }));

test('a snapshot says limits of every kind: devices, lists, switches, weights', () =>
  withJobs(async (a, b, jobs) => {
    jobs.write('cgroup.subtree_control', '+io +cpuset');
    const { rdev } = statSync(process.env.TSCG_GUEST_DISK ?? '/dev/vda');
    const disk = `${(rdev >> 8) & 0xfff}:${rdev & 0xff}`;
    a.write('io.max', `${disk} rbps=1048576 wiops=120`);
    a.write('cpuset.cpus', '0');
    a.write('memory.oom.group', '1');
    a.write('cpu.max', '40000 100000');
    a.write('cpu.max.burst', '20000');
    b.write('io.weight', '300');
    b.write('cpu.idle', '1');
    const { stdout } = tscg('snapshot');
    assert.not.match(stdout, /no flag of tscg/);
    for (const words of [disk, 'oom-group', 'burst', 'cpuset-cpus', 'io-weight: 300', 'cpu-idle']) {
      assert.ok(stdout.includes(words), `${words} in ${stdout}`);
    }
    await withPolicy(stdout, async (file) => {
      const again = tscg('apply', file);
      assert.match(again.stdout, /nothing to change/, stdout + again.stdout + again.stderr);
    });
  }));

test('a rule that matches nothing is told; a value that cannot be is refused before anything is written', () =>
  withJobs(async (a) => {
    await withPolicy('version: 1\nrules:\n  - match: { image: nginx }\n    limits: { cpu: 50% }\n', async (file) => {
      const { stdout, stderr, status } = tscg('apply', file);
      assert.is(status, 0);
      assert.match(stdout, /nothing to change/);
      assert.match(stderr, /policy\.yaml:3: this rule matches nothing that runs now/);
    });
    await withPolicy(POLICY.replace('64M', '64X'), async (file) => {
      const { stderr, status } = tscg('apply', file);
      assert.is(status, 2);
      assert.match(stderr, /policy\.yaml:9:15: memory: "64X" is not a size/);
      assert.equal(limitsOf(a), UNSET);
    });
  }));

test('--watch limits a cgroup that appears, again after a runtime took it back, reports what fails, and ends with 0', () =>
  withJobs((a) =>
    withPolicy(POLICY, async (file) => {
      const child = spawn(process.execPath, [TSCG, 'apply', file, '--watch'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TSCG_STATE_DIR: STATE_DIR },
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.stderr.on('data', (chunk) => (output += chunk));
      const ended = once(child, 'exit');
      try {
        const until = async (holds: () => boolean): Promise<void> => {
          for (let tries = 0; !holds(); tries++) {
            if (tries > 600) assert.unreachable(`did not come about: ${output}`);
            await sleep(100);
          }
        };
        const isHalved = (box: Box): boolean => box.read('cpu.max') === '50000 100000';
        await until(() => isHalved(a));
        await withBox('/job-c', (c) => until(() => isHalved(c)));
        // No controllers there: it fails, and the next one is limited all the same.
        mkdirSync(join(MOUNT, 'jobs/job-b/job-inner'));
        await until(() => /job-inner has no cpu limits/.test(output));
        await withBox('/jobs/job-d', async (d) => {
          await until(() => isHalved(d));
          d.write('cpu.max', 'max 100000');
          await until(() => isHalved(d));
        });
        child.kill('SIGINT');
        assert.equal(await ended, [0, null], output);
        assert.match(output, /undo: tscg undo [0-9a-f]{8}/);
      } finally {
        child.kill('SIGKILL');
      }
    }),
  ));

test('--watch: the file is read again when it changes; a fault in it is told and the old one stays in force', () =>
  withJobs((a, b) =>
    withPolicy(POLICY, async (file) => {
      const child = spawn(process.execPath, [TSCG, 'apply', file, '--watch'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, TSCG_STATE_DIR: STATE_DIR },
      });
      let said = '';
      child.stderr.on('data', (chunk) => (said += chunk));
      const ended = once(child, 'exit');
      try {
        const until = async (holds: () => boolean): Promise<void> => {
          for (let tries = 0; !holds(); tries++) {
            if (tries > 600) assert.unreachable(`did not come about: ${said}`);
            await sleep(100);
          }
        };
        await until(() => b.read('pids.max') === '50');
        writeFileSync(file, POLICY.replace('pids: 50', 'pidss: 60'));
        await until(() => said.includes('stays in force'));
        assert.match(said, /policy\.yaml:8:7: pidss: is not a key here; did you mean pids\?/);
        a.write('pids.max', 'max');
        assert.is(b.read('pids.max'), '50');
        // As an editor does: a new file in its place.
        writeFileSync(`${file}~`, POLICY.replace('pids: 50', 'pids: 60'));
        renameSync(`${file}~`, file);
        await until(() => b.read('pids.max') === '60');
        await until(() => a.read('pids.max') === '100');
        assert.match(said, /the policy has changed: 2 rules in force/);
        child.kill('SIGINT');
        assert.equal(await ended, [0, null], said);
      } finally {
        child.kill('SIGKILL');
      }
    }),
  ));

test.run();
