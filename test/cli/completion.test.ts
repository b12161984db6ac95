/** Completion: the tables by a small program, the scripts in real shells. */

import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { Argument, Command } from 'commander';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { candidatesFor, type Sources } from '../../src/cli/completion/candidates.ts';
import { bashReply, splitLine } from '../../src/cli/completion/line.ts';
import { nameCandidates } from '../../src/cli/completion/sources.ts';
import { onMount, TSCG, tscg, tscgJson, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PROGRAM = new Command('tscg').option('--mount <directory>');
PROGRAM.command('ls').option('-s, --sort <metric>').option('-c, --columns <list>').option('-a, --all');
PROGRAM.command('set')
  .argument('<name...>')
  .option('-m, --memory <size>')
  .option('--via <owner>')
  .option('-p, --property <NAME=VALUE>')
  .option('--device-read-bps <device:rate>')
  .option('--io-max <device rates>');
PROGRAM.command('undo').argument('[id]');
PROGRAM.command('apply').argument('[policy]');
PROGRAM.command('run').option('--rootfs <folder>').option('--overlay <folder[:folder]>').argument('<command...>');
PROGRAM.command('kill').argument('<name...>').option('-s, --signal <signal>');
PROGRAM.command('move').argument('<process>').argument('<name>');
PROGRAM.command('controllers').argument('<name>').argument('[steps...]').option('--json');
PROGRAM.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
PROGRAM.command('__complete', { hidden: true });

const as = (...values: string[]) => values.map((value) => ({ value, help: '' }));

const SOURCES: Sources = {
  names: async (_, mount) => as('web', 'web-1', ...(mount === undefined ? [] : [`on ${mount}`])),
  metrics: async () => as('cpu_percent', 'pids'),
  changes: async () => as('0123abcd'),
  owners: async () => as('auto', 'docker'),
  signals: async () => as('TERM', 'SIGTERM'),
  properties: async () => as('CPUQuota', 'TasksMax'),
  devices: async () => as('/dev/sda', '/dev/sdb'),
  controllers: async () => as('cpu', 'io'),
  processes: async () => as('pid:7'),
  programs: async () => as('stress', 'stat'),
};

const CASES: readonly [words: readonly string[], values: readonly string[], directive?: string][] = [
  [['s'], ['set']],
  [['_'], []],
  [['ls', '--s'], ['--sort']],
  [
    ['ls', '--sort', ''],
    ['cpu_percent', 'pids', 'name'],
  ],
  [['ls', '-s', 'p'], ['pids']],
  [['ls', '--sort=c'], ['--sort=cpu_percent']],
  [['ls', '--columns', 'pids,'], ['pids,cpu_percent'], 'nospace'],
  [['ls', ''], []],
  [
    ['set', 'w'],
    ['web', 'web-1'],
  ],
  [
    ['set', 'web', 'w'],
    ['web', 'web-1'],
  ],
  [['set', 'web', '--memory', ''], []],
  [['set', '--memory', '1G', 'web-'], ['web-1']],
  [['set', '--memory=1G', 'web-'], ['web-1']],
  [['set', '-m1G', 'web-'], ['web-1']],
  [['set', 'web', '--via', 'd'], ['docker']],
  [['set', '--', '-'], []],
  [['--mount', '/cg', 'set', 'o'], ['on /cg']],
  [['--mount=/cg', 'set', 'o'], ['on /cg']],
  [['--mount', ''], [], 'directories'],
  [['run', '--rootfs', ''], [], 'directories'],
  [['run', '--overlay', '/v'], [], 'directories'],
  [
    ['run', '--', 'st'],
    ['stress', 'stat'],
  ],
  [['run', '/bin/st'], [], 'files'],
  [['run', 'stress', '--'], [], 'files'],
  [['set', 'web', '--property', 'CPU'], ['CPUQuota='], 'nospace'],
  [['set', 'web', '-p', 'T'], ['TasksMax='], 'nospace'],
  [['set', 'web', '--device-read-bps', '/dev/sdb'], ['/dev/sdb:'], 'nospace'],
  [['set', 'web', '--io-max', '/dev/sdb'], ['/dev/sdb '], 'nospace'],
  [['kill', 'web', '--signal', 'T'], ['TERM']],
  [['kill', 'web', '-s', 'SIG'], ['SIGTERM']],
  [['move', ''], ['pid:7']],
  [
    ['move', 'pid:7', 'w'],
    ['web', 'web-1'],
  ],
  [
    ['controllers', 'web', '+'],
    ['+cpu', '+io'],
  ],
  [
    ['controllers', 'web', '+cpu', '-'],
    ['--json', '--help', '-cpu', '-io'],
  ],
  [['help', 's'], ['set']],
  [['help', 'set', ''], []],
  [['undo', ''], ['0123abcd']],
  [['undo', '0123abcd', ''], []],
  [['apply', ''], [], 'files'],
  [['completion', 'z'], ['zsh']],
  [['no-such', 'x'], []],
];

test('what may stand under the cursor, by table', async () => {
  for (const [words, values, directive = 'values'] of CASES) {
    const found = await candidatesFor(PROGRAM, words, SOURCES);
    const about = words.join(' ');
    assert.equal(
      found.candidates.map(({ value }) => value),
      values,
      about,
    );
    assert.is(found.directive, directive, about);
  }
});

const BREAKS = ' \t\n"\'@><=;|&(:';

test('bash lines are split as bash does', () => {
  const cases: readonly [line: string, words: readonly string[], raw: string][] = [
    ['tscg ', [''], ''],
    ['tscg set  we', ['set', 'we'], 'we'],
    ['tscg set web ', ['set', 'web', ''], ''],
    ["tscg set 'a b", ['set', 'a b'], "'a b"],
    ['tscg set a\\ b', ['set', 'a b'], 'a\\ b'],
    ['tscg set "x\'y" z', ['set', "x'y", 'z'], 'z'],
    ['tscg get user@5', ['get', 'user@5'], 'user@5'],
  ];
  for (const [line, words, raw] of cases) assert.equal(splitLine(line), { words, raw }, line);
});

test('a reply to bash is quoted, and cut where bash breaks words', () => {
  const cases: readonly [value: string, raw: string, reply: string | undefined][] = [
    ['web', 'we', 'web'],
    ['user@5.service', 'user@', '5.service'],
    ['--sort=pids', '--sort=p', 'pids'],
    ['a b', 'a', 'a\\ b'],
    ['a b', 'a\\ ', 'a\\ b'],
    ['$(id)', '', '\\$\\(id\\)'],
    ['x;rm', "'x", undefined],
    ['x y', "'x", 'x y'],
  ];
  for (const [value, raw, reply] of cases) assert.is(bashReply(value, raw, BREAKS), reply, `${value} after ${raw}`);
});

test('names that cannot be typed are not offered; a name of several says so', () => {
  const of = (name: string, path: string) => ({ kind: 'cgroup', name, path, inode: 1 }) as const;
  const running = [of('web', '/a/web'), of('web', '/b/web'), of('init', '/a/x\ty')];
  assert.equal(nameCandidates(running, 'w'), [{ value: 'web', help: 'several: give the path' }]);
  assert.equal(
    nameCandidates(running, '/').map(({ value }) => value),
    ['/a/web', '/b/web'],
  );
});

test('a shell that is unknown is refused with those that are known', () => {
  const { status, stderr } = tscg('completion', 'tcsh');
  assert.is(status, 2);
  assert.match(stderr, /bash, zsh, fish; see tscg --help\n$/);
});

const completed = (...words: string[]): string[] =>
  tscg('__complete', '--shell', 'zsh', '--', ...words)
    .stdout.split('\n')
    .slice(1)
    .map((line) => line.split('\t')[0] ?? '');

onMount(test)('undo is offered what it can take back: no undo, and nothing that is undone', () =>
  withBox(`/tscg-test-undone-${process.pid}`, async ({ path }) => {
    const ids = ['freeze', 'thaw'].map((command) => String(tscgJson(command, path).id));
    assert.equal(completed('undo', '').filter(Boolean), ids.toReversed());
    tscg('undo');
    assert.equal(completed('undo', '').filter(Boolean), ids.slice(0, 1));
  }),
);

test('signals, properties, controllers, processes and programs are those that there are', () => {
  const cases: readonly [words: readonly string[], value: string][] = [
    [['kill', '--signal', 'HU'], 'HUP'],
    [['set', '-p', 'Tasks'], 'TasksMax='],
    [['controllers', 'x', '+mem'], '+memory'],
    [['move', `pid:${process.pid}`], `pid:${process.pid}`],
    [['run', '--', 'mkfif'], 'mkfifo'],
  ];
  for (const [words, value] of cases) assert.ok(completed(...words).includes(value), words.join(' '));
});

/** A name as a hostile container might have it. */
const NAME = `comp-${process.pid} one $(touch PWNED)`;

const SHELLS: readonly { shell: string; args: readonly string[]; start: string }[] = [
  { shell: 'bash', args: ['--norc', '--noprofile', '-i'], start: 'eval "$(tscg completion bash)"' },
  {
    shell: 'zsh',
    args: ['-f', '-i'],
    start: 'autoload -U compinit; compinit -D -u; eval "$(tscg completion zsh)"',
  },
  { shell: 'fish', args: ['--no-config', '-i'], start: 'tscg completion fish | source' },
];

for (const { shell, args, start } of SHELLS) {
  if (spawnSync(shell, ['--version']).status !== 0) {
    console.log(`SKIP completion in ${shell}: it is not installed`);
    test.skip(`${shell} completes a command, an option, a metric and a name`, () => {});
    continue;
  }
  test(`${shell} completes a command, an option, a metric and a name, which stays text`, () =>
    withBox(`/tscg-test-comp-${process.pid}`, () =>
      withBox(`/tscg-test-comp-${process.pid}/${NAME}`, async () => {
        const folder = temporaryFolder();
        // What completion asks goes to tscg; what is then run is shown.
        const script = `#!/bin/sh\ncase $1 in completion|__complete) exec ${process.execPath} ${TSCG} "$@";; esac\nprintf 'GOT<%s>\\n' "$@"\n`;
        for (const program of ['tscg', 'tstop']) {
          writeFileSync(join(folder, program), script);
          chmodSync(join(folder, program), 0o755);
        }
        const child = spawn(shell, [...args], {
          cols: 200,
          rows: 50,
          cwd: folder,
          name: 'dumb',
          env: {
            ...process.env,
            PATH: `${folder}:${process.env.PATH}`,
            HOME: folder,
            TERM: 'dumb',
            PS1: '$ ',
            INPUTRC: '/dev/null',
          },
        });
        let output = '';
        child.onData((data) => {
          output += data;
        });
        const until = async (text: string): Promise<void> => {
          for (let tries = 0; !output.includes(text); tries++) {
            if (tries > 1200) assert.unreachable(`${shell} did not show ${text}:\n${output}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        };
        try {
          child.write(`${start}; echo REA""DY\r`);
          await until('READY');
          child.write(`tscg ge\tcomp-${process.pid}\t\r`);
          await until(`GOT<${NAME}>`);
          child.write('tscg ls --sor\tmemory_oom_k\t\r');
          await until('GOT<--sort>');
          await until('GOT<memory_oom_kills>');
          child.write('tstop --mou\t\r');
          await until('GOT<--mount>');
          child.write('test -e PWNED || echo SA""FE\r');
          await until('SAFE');
        } finally {
          child.kill('SIGKILL');
        }
      }),
    ));
}

test.run();
