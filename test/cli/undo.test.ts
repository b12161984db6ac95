/** `tscg undo` of several changes, on cgroups of this machine's own mount. */

import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { momentOption, pastMomentOption } from '../../src/cli/options.ts';
import { type Box, onMount, STATE_DIR, tscg, withBox } from '../boxes.ts';

const mountTest = onMount(test);
const BOX = `/tscg-test-undo-${process.pid}`;

test.before.each(() => rmSync(STATE_DIR, { recursive: true, force: true }));

const inTwo = (use: (one: Box, two: Box) => void): Promise<void> =>
  withBox(`${BOX}/one`, (one) => withBox(`${BOX}/two`, async (two) => use(one, two)));

const frozen = (...boxes: Box[]): string => boxes.map((box) => box.read('cgroup.freeze')).join('');

mountTest('--last takes back so many, --all what is left, the newest first', () =>
  inTwo((one, two) => {
    for (const box of [one, two, one]) tscg(frozen(box) === '1' ? 'thaw' : 'freeze', box.path);
    assert.is(frozen(one, two), '01');
    const dry = tscg('undo', '--all', '--dry-run');
    assert.equal(
      [...dry.stdout.matchAll(/^ {2}cgroup\.freeze: (.*)$/gm)].map(([, text]) => text),
      ['0 → 1', '1 → 0', '1 → 0'],
    );
    assert.is(frozen(one, two), '01');
    const { status, stdout } = tscg('undo', '--last', '2');
    assert.is(status, 0, stdout);
    assert.is(frozen(one, two), '10');
    const told: unknown = JSON.parse(tscg('undo', '--all', '--json').stdout);
    assert.is(Array.isArray(told) && told.length, 1);
    assert.is(frozen(one, two), '00');
    assert.is(tscg('undo', '--all').stdout, 'nothing to undo\n');
  }),
);

mountTest('an undo that finds nothing to write is done: the next one is of the change before', () =>
  inTwo((one, two) => {
    for (const box of [one, two]) tscg('freeze', box.path);
    two.write('cgroup.freeze', '0');
    assert.match(tscg('undo').stdout, /nothing to change/);
    assert.match(tscg('undo').stdout, /one/);
    assert.is(frozen(one, two), '00');
  }),
);

test('moments: so long ago, a time of today, a date', () => {
  const now = new Date(2026, 10, 27, 3, 30);
  const table: readonly [text: string, moment: Date][] = [
    ['2h', new Date(2026, 10, 27, 1, 30)],
    ['10m ago', new Date(2026, 10, 27, 3, 20)],
    ['90', new Date(2026, 10, 27, 3, 28, 30)],
    ['03:00', new Date(2026, 10, 27, 3, 0)],
    ['10 minutes ago', new Date(2026, 10, 27, 3, 20)],
    ['1 hour', new Date(2026, 10, 27, 2, 30)],
    ['-10m', new Date(2026, 10, 27, 3, 20)],
    ['now', now],
    ['3:12am', new Date(2026, 10, 27, 3, 12)],
    ['12:05 AM', new Date(2026, 10, 27, 0, 5)],
    ['11 pm', new Date(2026, 10, 27, 23, 0)],
    ['today', new Date(2026, 10, 27)],
    ['yesterday', new Date(2026, 10, 26)],
    ['yesterday 03:12', new Date(2026, 10, 26, 3, 12)],
    ['yesterday 11:30pm', new Date(2026, 10, 26, 23, 30)],
    ['2026-11-26', new Date(2026, 10, 26)],
    ['2026-11-26 23:59', new Date(2026, 10, 26, 23, 59)],
    ['2026-11-26T23:59:30', new Date(2026, 10, 26, 23, 59, 30)],
    ['2028-02-29', new Date(2028, 1, 29)],
    ['1795748400', new Date(1_795_748_400_000)],
  ];
  for (const [text, moment] of table) assert.is(momentOption('--since', text, now), moment.getTime(), text);
  const noDays = ['2026-02-29', '2026-02-30 03:12', '2026-02-30T03:12Z', '2026-04-31', '2026-13-01', '2026-00-10'];
  // Of milliseconds and microseconds since the epoch, and so long ago that nobody means it.
  const noAges = ['1795748400000', '1795748400000000', '1795748400s', '1795748400 ago'];
  const noClocks = ['25:00', '3:60', '13:00pm', '0am', 'yesterday 2h', 'yesterday yesterday', 'tomorrow', '5 o clock'];
  for (const bad of ['', '-', '--10m', ...noClocks, ...noDays, ...noAges]) {
    assert.throws(() => momentOption('--since', bad, now), /is no time; give one as 2h.* or 1795748400/, bad);
  }
});

test('a moment of the past has come: a time of day is the last one, any other of the future is refused', () => {
  const now = new Date(2026, 10, 27, 3, 30);
  assert.is(pastMomentOption('@', '03:00', now), new Date(2026, 10, 27, 3, 0).getTime());
  assert.is(pastMomentOption('@', '05:00', now), new Date(2026, 10, 26, 5, 0).getTime());
  for (const text of ['2030-01-01 00:00', '2026-11-27 05:00'])
    assert.throws(() => pastMomentOption('@', text, now), new RegExp(`^@: ${text}:00 has not come yet$`));
});

test('flags that do not go together are 2', () => {
  for (const args of [
    ['0123abcd', '--all'],
    ['--last', '2', '--all'],
    ['--last', '0'],
    ['--last', 'two'],
    ['--since', 'whenever'],
  ]) {
    const { status, stderr } = tscg('undo', ...args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, /^tscg: [^\n]+\n$/);
  }
});

test.run();
