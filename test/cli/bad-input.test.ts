/** Bad input: one clear line with the remedy, exit code 2; a failure at run time 1; nothing written. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorLine } from '../../src/cli/errors.ts';
import { MOUNT, onMount, STATE_DIR, tscg, withBox } from '../boxes.ts';

const mountTest = onMount(test);

const BOX = `/tscg-test-bad-${process.pid}`;

const CASES: readonly [args: readonly string[], status: number, message: RegExp][] = [
  [['set', BOX, '--cpu', 'abc'], 2, /"abc" is not a CPU share; give one as 50%/],
  [['set', BOX, '--cpu', '0'], 2, /"0" is not a CPU share/],
  [['set', BOX, '--cpu', '0%'], 2, /give at least 1%, or max/],
  [['set', BOX, '--cpu', '-5%'], 2, /"-5%" is not a percentage/],
  [['set', BOX, '--cpu', '50'], 2, /50% \(half of one CPU\).*--cpus/],
  [['set', BOX, '--memory', '1.5X'], 2, /"1\.5X" is not a size; give one as 512M/],
  [['set', BOX, '--memory', '18446744073709551616'], 2, /more than the kernel can count/],
  [['set', BOX], 2, /no limit given; for example --cpu 50%/],
  [['set', 'no-such-name', '--cpu', '50%'], 2, /"no-such-name"; (did you mean|`tscg ls --all` lists them)/],
  [['set', `${BOX}/../..`, '--cpu', '50%'], 2, /\.\. is refused/],
  [['set', 'same', '--cpu', '50%'], 2, /"same" is ambiguous/],
  [['get', 'pid:999999999'], 2, /999999999/],
  [['undo', 'ffffffff'], 2, /no single change "ffffffff"; tscg log/],
  [['ls', '--sort', 'nonsense'], 2, /no metric "nonsense"; tscg metrics/],
  [['ls', '--delay', 'soon'], 2, /not a number of seconds/],
  [['ls', '--no-such-option'], 2, /unknown option '--no-such-option'/],
  [['lss'], 2, /unknown command 'lss' \(Did you mean ls\?\)/],
  [['set', BOX, '--memory-max', '50M'], 2, /unknown option '--memory-max' \(Did you mean --memory\?\)/],
  [['try', BOX, '--memory.max=50M'], 2, /\(Did you mean --memory\?\)/],
  [['set', BOX, '--memory-limit', '50M'], 2, /\(Did you mean --memory\?\)/],
  [['set', BOX, '--mem', '50M'], 2, /\(Did you mean --memory\?\)/],
  [['set', BOX, '--pids-max', '5'], 2, /\(Did you mean one of --pids, --pids-limit\?\)/],
  [['run', '--cpu_max', '50%', 'true'], 2, /\(Did you mean one of --cpu, --cpus, --cpu-quota\?\)/],
  [['set', BOX, '--swap-max', '0'], 2, /\(Did you mean one of --swap, --memory-swap\?\)/],
  [['set', BOX, '--memory-swap-max', '0'], 2, /\(Did you mean one of --swap, --memory-swap\?\)/],
  [['set', BOX, '--cpuset.cpus', '0'], 2, /\(Did you mean --cpuset-cpus\?\)/],
  [['set', BOX, '--tasks-max', '5'], 2, /\(Did you mean --pids\?\)/],
  [['set', BOX, '--memory-hihg', '1G'], 2, /\(Did you mean --memory-high\?\)/],
  [['set', BOX, '--nonsense-here'], 2, /unknown option '--nonsense-here'; see/],
  [['get'], 2, /missing required argument 'name'/],
  [['record', '--interval', '30d'], 2, /--interval: 30d is not from 0\.1 s to 3600 s/],
  [['record', '--min-free', '-1'], 2, /--min-free: -1 leaves no room for a recording; give a size as 1G, or 0/],
  [['record', '--min-free', 'max'], 2, /--min-free: max leaves no room/],
  [['record', '--keep-size', '0'], 2, /--keep-size: 0 is less than 1 MiB, the least/],
  [['record', '--keep-size', '1'], 2, /--keep-size: 1 is less than/],
  [['record', '--to', ''], 2, /--to: the name is empty; without --to it is \/.*\/recording/],
  [['incident', '--out', ''], 2, /--out: the name is empty/],
  [
    ['record', '--to', join(MOUNT, `${BOX}-to/a`)],
    1,
    /-to\/a cannot hold a recording: .*; give another folder with --to/,
  ],
  [['--mount', '/nowhere', 'ls'], 1, /no cgroup v2 hierarchy is mounted at \/nowhere; cgroup2 is mounted at: \//],
];

mountTest('every kind of bad input has its line, its exit code, and no stack', () =>
  withBox(BOX, () =>
    withBox(`${BOX}/a/same`, () =>
      withBox(`${BOX}/b/same`, async () => {
        for (const [args, status, message] of CASES) {
          const result = tscg(...args);
          const about = `tscg ${args.join(' ')}: ${result.stderr}`;
          assert.is(result.status, status, about);
          assert.match(result.stderr, message, about);
          assert.not.match(result.stderr, /\n +at /, about);
          assert.is(result.stdout, '', about);
          if (!about.includes('ambiguous')) assert.is(result.stderr.trim().split('\n').length, 1, about);
        }
        assert.not(existsSync(STATE_DIR), 'something was journalled');
        assert.not(existsSync(join(MOUNT, `${BOX}-to`)), 'a folder was left behind');
      }),
    ),
  ),
);

for (const [how, args] of [
  ['a name', (text: string) => ['get', text]],
  ['a path', (text: string) => ['get', `/${text}`]],
  ['a value', (text: string) => ['ls', '--sort', text]],
  ['a choice', (text: string) => ['man', text]],
  ['an option', (text: string) => ['ls', `--${text}`]],
  ['a command', (text: string) => [text]],
  ['a file', (text: string) => ['apply', text]],
] as const)
  mountTest(`${how} is cleaned and shortened before it is shown`, async () => {
    const hostile = tscg(...args('x\x1b[2J\u202ey')).stderr;
    assert.match(hostile, 'x[2Jy');
    assert.not.match(hostile, /\x1b|\u202e/);
    const long = tscg(...args(`first${'x'.repeat(5000)}last`)).stderr;
    assert.match(long, /firstx+…x+last/);
    assert.ok(long.length < 400, long);
  });

test('what has blanks is shortened too, and candidates are not', () => {
  const long = 'x y '.repeat(200);
  const text = errorLine('tscg', new Error(`"${long}" is ambiguous\n  ${'x'.repeat(1000)}`));
  assert.match(text, /^tscg: "x y [xy ]*…[xy ]*" is ambiguous\n {2}x{1000}$/);
});

test.run();
