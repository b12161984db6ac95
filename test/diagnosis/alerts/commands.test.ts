/** Commands of alerts, run for real. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createAlertCommands } from '../../../src/diagnosis/alerts/commands.ts';
import type { AlertNews } from '../../../src/diagnosis/alerts/evaluate.ts';
import { type AlertCommand, parseAlertRule } from '../../../src/diagnosis/alerts/rule.ts';
import { startTimeOf } from '../../../src/kernel/process-handle.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const HOSTILE = '$(touch owned); "x" `id` \n|';

function newsOf(command: AlertCommand, name = HOSTILE): AlertNews {
  const rule = parseAlertRule('*.pids > 20 for 2s', command);
  const workload = { path: `/${name}`, inode: 1, name };
  const alert = { rule, workload, isFiring: true, since: 1000, value: 30, against: 0, seen: undefined };
  return { what: 'fired', alert, time: 3000 };
}

/** Runs them, and resolves with the failures once a file is there that the last of them makes. */
async function afterRunning(
  directory: string,
  commands: readonly AlertNews[],
  { timeLimit, done }: { timeLimit?: number; done: (failures: readonly string[]) => boolean },
): Promise<readonly string[]> {
  const failures: string[] = [];
  const { run, close } = createAlertCommands({
    claimPath: join(directory, 'state/alerts.pid'),
    onFailure: (_, why) => failures.push(why),
    ...(timeLimit && { timeLimit }),
  });
  for (const news of commands) run(news);
  while (!done(failures)) await new Promise((resolve) => setTimeout(resolve, 10));
  close();
  return failures;
}

const isThere = (path: string) => (): boolean => existsSync(path);

test('a command has the facts in its environment and on its standard input, and no name becomes a part of it', async () => {
  const directory = temporaryFolder();
  const script = join(directory, 'page');
  const seen = join(directory, 'seen');
  writeFileSync(
    script,
    `printf '%s\\0' "$1" "$TSCG_ALERT_NAME" "$TSCG_ALERT_VALUE" > '${seen}.1'; cat >> '${seen}.1'; mv '${seen}.1' '${seen}'`,
  );
  const facts = { rule: '*.pids > 20 for 2s', state: 'fired', name: HOSTILE, figure: 'pids', value: 30, limit: 20 };
  for (const command of [['/bin/sh', script, '$HOME'], `cd '${directory}'; exec sh '${script}' '$HOME'`]) {
    const path = seen;
    assert.equal(await afterRunning(directory, [newsOf(command)], { done: isThere(path) }), []);
    const [argument, name, value, json = ''] = readFileSync(path, 'utf8').split('\0');
    assert.equal([argument, name, value], ['$HOME', HOSTILE, '30']);
    const told: Record<string, unknown> = JSON.parse(json);
    for (const [key, fact] of Object.entries(facts)) assert.equal(told[key], fact, key);
    assert.is(told.since, '1970-01-01T00:00:01.000Z');
    assert.not(existsSync(join(directory, 'owned')));
    unlinkSync(seen);
  }
});

test('a failure is told, whatever it is, and the next command is run', async () => {
  const directory = temporaryFolder();
  const seen = join(directory, 'seen');
  const commands = [
    newsOf(['/nowhere/page']),
    newsOf('echo one >&2; echo the pager is off >&2; exit 3'),
    newsOf('kill -TERM $$'),
    newsOf(`: ${'x'.repeat(1 << 18)}`),
    newsOf(['page', 'a\0b']),
    newsOf(`touch '${seen}'`),
  ];
  const failures = await afterRunning(directory, commands, { done: (all) => all.length === 5 && existsSync(seen) });
  assert.match(failures.join('\n'), /\/nowhere\/page: .*ENOENT/);
  assert.match(failures.join('\n'), /\/bin\/sh: exit code 3: the pager is off/);
  assert.match(failures.join('\n'), /ended by SIGTERM/);
  assert.match(failures.join('\n'), /\/bin\/sh: .*E2BIG/);
  assert.match(failures.join('\n'), /page: .*null bytes/);
});

test('a command for which no descriptor is free is a failure, and not the end of the program', () => {
  const directory = temporaryFolder();
  const script = fileURLToPath(new URL('commands-starved.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    // biome-ignore format: one command
    ['-c', 'ulimit -n 60; exec "$0" --import tsx "$1" "$2"', process.execPath, script, join(directory, 'alerts.pid')],
    { encoding: 'utf8' },
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, /^\/bin\/sh: .*EMFILE\n$/);
});

test('a command that does not end is ended with all that it started', async () => {
  const directory = temporaryFolder();
  const pid = join(directory, 'pid');
  const command = `sleep 1000 & echo $! > '${pid}.1'; mv '${pid}.1' '${pid}'; wait`;
  const failures = await afterRunning(directory, [newsOf(command)], {
    timeLimit: 300,
    done: (all) => all.length > 0,
  });
  assert.match(failures[0] ?? '', /ended after 0\.3 s/);
  const child = Number(readFileSync(pid, 'utf8'));
  while (isRunning(child)) await new Promise((resolve) => setTimeout(resolve, 10));
});

test('at its end the command that runs is ended, and none that waits or comes later is begun', async () => {
  const directory = temporaryFolder();
  const [page, pid, seen] = [join(directory, 'page'), join(directory, 'pid'), join(directory, 'seen')];
  const script = `sleep 20 & echo $! > '${pid}.1'; mv '${pid}.1' '${pid}'; wait; touch '${seen}'; exit 1`;
  writeFileSync(page, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  const claimPath = join(directory, 'state/alerts.pid');
  const failures: string[] = [];
  const { run, close } = createAlertCommands({ claimPath, onFailure: (_, why) => failures.push(why) });
  const news = newsOf([page]);
  run(news);
  run(news);
  while (!existsSync(pid)) await turn();
  // Whatever is begun from here on fails at once.
  unlinkSync(page);
  close();
  run(news);
  run(newsOf([page]));
  assert.not(existsSync(claimPath));
  while (failures.length === 0 || isRunning(Number(readFileSync(pid, 'utf8')))) await turn();
  await turn();
  assert.equal(failures, [`${page}: ended by SIGKILL`]);
  assert.not(existsSync(seen));
});

/** A zombie that nobody has waited for yet has ended. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

test('of one rule one command runs at a time', async () => {
  const directory = temporaryFolder();
  const log = join(directory, 'log');
  const first = newsOf(
    `mkdir '${directory}/lock' || exit 1; echo x >> '${log}'; sleep 0.05; rmdir '${directory}/lock'`,
  );
  const done = (): boolean => existsSync(log) && readFileSync(log, 'utf8').length === 10;
  const all = Array.from({ length: 5 }, () => first);
  assert.equal(await afterRunning(directory, all, { done }), []);
});

test('thousands of alerts of one rule are one failure, and again once half of those that wait are done', async () => {
  const directory = temporaryFolder();
  const log = join(directory, 'log');
  const news = newsOf(`while ! [ -e '${directory}/go' ]; do sleep 0.01; done; echo x >> '${log}'`);
  const failures: string[] = [];
  const claimPath = join(directory, 'state/alerts.pid');
  const { run, close } = createAlertCommands({ claimPath, onFailure: (_, why) => failures.push(why) });
  for (let count = 0; count < 5000; count++) run(news);
  assert.is(failures.length, 1);
  assert.match(failures[0] ?? '', /^not run: 100 commands of that rule wait; nor are others/);
  writeFileSync(join(directory, 'go'), '');
  while (!existsSync(log) || readFileSync(log, 'utf8').length < 2 * 60) await turn();
  for (let count = 0; count < 5000; count++) run(news);
  assert.is(failures.length, 2);
  close();
});

test('commands are left to the program that runs them already', async () => {
  const directory = temporaryFolder();
  const parent = process.ppid;
  mkdirSync(join(directory, 'state'));
  writeFileSync(join(directory, 'state/alerts.pid'), `${parent} ${startTimeOf(parent)}\n`);
  const failures = await afterRunning(directory, [newsOf(`touch '${directory}/seen'`), newsOf('true')], {
    done: (all) => all.length > 0,
  });
  assert.equal(failures, [`not run: process ${parent} runs the commands of alerts`]);
  assert.not(existsSync(join(directory, 'seen')));
});

test.run();
