/** The rules of config.yaml: what is wrong with them, and a recorder that runs their commands. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { framesBetween, openRecording } from '../../src/recording/recording.ts';
import { onMount, TSCG, tscg, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A folder as XDG_CONFIG_HOME, with that config.yaml. */
async function withConfig(text: string, use: (file: string, directory: string) => void | Promise<void>): Promise<void> {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'tscg'));
  const file = join(directory, 'tscg/config.yaml');
  writeFileSync(file, text);
  process.env.XDG_CONFIG_HOME = directory;
  try {
    await use(file, directory);
  } finally {
    delete process.env.XDG_CONFIG_HOME;
  }
}

test('a bad rule ends the program before it begins, with file and line', async () => {
  for (const [lines, why] of [
    [
      ['- when: web.cpu_wait > 20 for 30s', '- when: web.nothing > 1'],
      /config\.yaml:3: alerts\[1\]\.when: no figure "nothing"/,
    ],
    [['- when: web.pids > 1 until 5'], /config\.yaml:2: alerts\[0\]\.when: until 5: it would clear/],
    [['- when: web.pids > 1', '  runs: page'], /config\.yaml:3: .*runs: no such key; did you mean run\?/],
    [['- when: web.pids > 1', '  run: []'], /config\.yaml:3: alerts\[0\]\.run: /],
    [['- when: web.pids > 1', '  run: "page \\0"'], /config\.yaml:3: alerts\[0\]\.run: .*a NUL character/],
    [['- when: web.pids > 1', '  run: [page, "\\0"]'], /config\.yaml:3: alerts\[0\]\.run.*: a NUL character/],
    [['- when: "w\\0.pids > 1"'], /config\.yaml:2: alerts\[0\]\.when: a NUL character/],
    [['- web.pids > 1'], /config\.yaml:2: alerts\[0\]: not a map of when and run/],
    [['web'], /config\.yaml:2: alerts: not a list of rules/],
    [
      Array<string>(1001).fill('- when: web.pids > 1'),
      /config\.yaml:2: alerts: 1001 rules, and at most 1000 are taken/,
    ],
  ] as const)
    await withConfig(`alerts:\n${lines.map((line) => `  ${line}\n`).join('')}`, (_, directory) => {
      const { status, stderr } = tscg('record', '--to', join(directory, 'r'));
      assert.is(status, 2, stderr);
      assert.match(stderr, why);
      assert.is(stderr.trim().split('\n').length, 1, stderr);
      assert.not(existsSync(join(directory, 'r')));
    });
});

test('what is no configuration ends the program before it begins, with file and line', async () => {
  for (const [text, why] of [
    ['tstop: {}\nalert: []\n', /config\.yaml:2: alert: no such key; did you mean alerts\?$/],
    ['tstop: {}\nrules: []\n', /config\.yaml:2: rules: no such key; one of tstop, alerts$/],
    ['- when: web.pids > 1\n', /config\.yaml:1: file: not a map of tstop and alerts$/],
    ['tstop: {}\n{{{\n', /config\.yaml:2: this line is no YAML: [^\n:]+; correct it, or put a # before it$/],
  ] as const)
    await withConfig(text, (_, directory) => {
      const { status, stderr } = tscg('record', '--to', join(directory, 'r'));
      assert.is(status, 2, stderr);
      assert.match(stderr.trim(), why);
      assert.is(stderr.trim().split('\n').length, 1, stderr);
    });
});

test('rules that run commands are taken only from a file that nobody else can change', () =>
  withConfig('alerts:\n  - when: web.pids > 1\n    run: page\n', (file, directory) => {
    chmodSync(file, 0o666);
    const { status, stderr } = tscg('record', '--to', join(directory, 'r'));
    assert.is(status, 2);
    assert.match(stderr, /config\.yaml may be written by everybody: whoever can change it decides what the alerts run/);
  }));

onMount(test)('a recorder tells an alert, records it, and runs its command', () =>
  withBox(`/tscg-test-alerts-${process.pid}`, async ({ path }) => {
    const rule = `${path}.cpu_percent >= 0`;
    await withConfig('', async (file, directory) => {
      const seen = join(directory, 'seen');
      writeFileSync(file, `alerts:\n  - when: ${rule}\n    run: [sh, -c, "cat > ${seen}.1; mv ${seen}.1 ${seen}"]\n`);
      const folder = join(directory, 'r');
      const recorder = spawn(
        process.execPath,
        [TSCG, 'record', '--to', folder, '--no-looks', '--min-free', '0', '--interval', '500ms'],
        { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TSCG_STATE_DIR: join(directory, 'state') } },
      );
      let said = '';
      recorder.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const ended = once(recorder, 'exit');
      while (!existsSync(seen) && recorder.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
      recorder.kill('SIGINT');
      await ended;
      const told: Record<string, unknown> = JSON.parse(readFileSync(seen, 'utf8'));
      assert.equal([told.rule, told.state, told.path], [rule, 'fired', path]);
      assert.match(said, new RegExp(`tscg record: alert: .*fired: ${path}\\.cpu_percent >= 0; it is \\d`));
      const recording = openRecording(folder);
      const events = [...framesBetween(recording, 0, Date.now())].flatMap(({ moment }) => moment.events);
      assert.equal(
        events.filter(({ kind }) => kind === 'alert').map((event) => event.path),
        [path],
      );
      recording.close();
      assert.not(existsSync(join(directory, 'state/alerts.pid')), 'it lets go at its end');
    });
  }),
);

test.run();
