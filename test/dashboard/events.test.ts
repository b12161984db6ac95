/** The log of events: what is told between two Frames, of whom, and once. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterAction } from '../../src/dashboard/after-action.ts';
import { eventsView } from '../../src/dashboard/events-view.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { createEventLog, type LogEvent } from '../../src/metrics/events.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { type Row, snapshotOf } from '../metrics/snapshots.ts';
import { frameOf } from './frames.ts';
import { EMPTY_CONTEXT, plainText } from './scenes.ts';

const OOM = 'memory.events:oom_kill';

/** Frames of these rows, a second apart, and what the log says of each. */
function replay(...seconds: readonly (readonly Row[])[]) {
  const log = createEventLog();
  let before: ReturnType<typeof snapshotOf> | undefined;
  const told = seconds.map((rows, second) => {
    const now = { ...snapshotOf(second, rows), wall: 1e12 + second * 1000 };
    const workloads = now.rows.map(
      ({ path, inode }): Workload => ({ path, inode, kind: 'container', name: path.slice(1) }),
    );
    const frame: Frame = { ...frameOf([]), usage: usageOf(before, now), workloads };
    before = now;
    return log.push(frame).map(({ kind, name, text }: LogEvent) => `${kind} ${name}: ${text}`);
  });
  return { log, told };
}

const row = (path: string, inode: number, figures: Row['figures'] = {}): Row => ({ path, inode, figures });

test('the first Frame has no events; then new, gone and re-created are told', () => {
  const { told } = replay([row('/a', 1), row('/b', 2)], [row('/a', 1), row('/b', 9), row('/c', 3)], [row('/a', 1)]);
  assert.equal(told[0], []);
  assert.equal(told[1], ['re-created b: /b', 'new c: /c']);
  assert.equal(told[2], ['gone b: /b', 'gone c: /c']);
});

test('what a container did under its id is told under its name once that is known', () => {
  const log = createEventLog();
  const frame = (name: string, oom: number): Frame => {
    const now = snapshotOf(oom, [row('/docker-ab12', 1, { [OOM]: oom })]);
    return {
      ...frameOf([]),
      usage: usageOf(undefined, now),
      workloads: [{ path: '/docker-ab12', inode: 1, kind: 'container', name }],
    };
  };
  log.push(frame('ab12', 0));
  log.push(frame('ab12', 1));
  assert.equal(
    log.all().map(({ name }) => name),
    ['ab12'],
  );
  log.push(frame('web', 1));
  assert.equal(
    log.all().map(({ name }) => name),
    ['web'],
  );
});

test('an event is told of the cgroup that had it, not of the ancestors that count it too', () => {
  const { told } = replay(
    [row('/a', 1, { [OOM]: 0 }), row('/a/b', 2, { [OOM]: 0 })],
    [row('/a', 1, { [OOM]: 2 }), row('/a/b', 2, { [OOM]: 2 })],
  );
  assert.equal(told[1], ['oom a/b: killed by the OOM killer, 2 times']);
});

test('who is OOM-killed and gone before the next sample leaves a last word for a minute', () => {
  const { log, told } = replay(
    [
      row('/a', 1, { [OOM]: 0 }),
      row('/a/b', 2, { [OOM]: 0, 'memory.peak:value': 2 ** 26 }),
      row('/a/c', 3, { [OOM]: 0 }),
    ],
    [row('/a', 1, { [OOM]: 1 }), row('/a/c', 3, { [OOM]: 0 })],
  );
  assert.ok(told[1]?.includes('gone a/b: OOM-killed and gone; it had 64.0MiB'), told[1]?.join());
  // What held it did not run out of memory itself.
  assert.ok(told[1]?.includes('oom a: killed by the OOM killer, there or below it in what has ended'), told[1]?.join());
  assert.equal(
    log.recentOomKills(1e12 + 30_000).map(({ name }) => name),
    ['a/b'],
  );
  assert.equal(log.recentOomKills(1e12 + 62_000), []);
});

test('who was OOM-killed at the top is known by the count of the whole machine, as the root keeps none', () => {
  const kill = (oomKills: number, before: readonly Row[], after: readonly Row[]): readonly string[] => {
    const log = createEventLog();
    const told = [before, after].map((rows, second) => {
      const now = snapshotOf(second, rows);
      const usage = usageOf(undefined, { ...now, host: { ...now.host, oomKills: second * oomKills } });
      const workloads = now.rows.map((at): Workload => ({ ...at, kind: 'container', name: at.path }));
      return log.push({ ...frameOf([]), usage, workloads });
    });
    return (told[1] ?? []).filter(({ kind }) => kind === 'gone').map(({ text }) => text);
  };
  const job = row('/job', 2, { [OOM]: 0, 'memory.peak:value': 2 ** 26 });
  assert.equal(kill(1, [row('/', 1), job], [row('/', 1)]), ['OOM-killed and gone; it had 64.0MiB']);
  assert.equal(kill(0, [row('/', 1), job], [row('/', 1)]), ['/job']);
  // Another one had the kill; and without the memory controller nothing tells whose it was.
  const other = (kills: number) => row('/other', 3, { [OOM]: kills });
  assert.equal(kill(1, [row('/', 1), job, other(0)], [row('/', 1), other(1)]), ['/job']);
  assert.equal(kill(1, [row('/', 1), row('/job', 2)], [row('/', 1)]), ['/job']);
});

test('freezing, thawing and a limit that another program changed are told', () => {
  const frozen = 'cgroup.events:frozen';
  const { told } = replay(
    [row('/a', 1, { [frozen]: 0, 'memory.max:value': Number.POSITIVE_INFINITY })],
    [row('/a', 1, { [frozen]: 1, 'memory.max:value': 2 ** 26 })],
    [row('/a', 1, { [frozen]: 0, 'memory.max:value': 2 ** 26 })],
  );
  assert.equal(told[1], ['frozen a: /a', 'limit a: memory.max max → 64.0MiB, by another']);
  assert.equal(told[2], ['thawed a: /a']);
});

test('throttling is told when a burst begins', () => {
  const [periods, throttled] = ['cpu.stat:nr_periods', 'cpu.stat:nr_throttled'];
  const at = (second: number, hits: number) => [row('/a', 1, { [periods]: second * 10, [throttled]: hits })];
  const { told } = replay(at(0, 0), at(1, 1), at(2, 9), at(3, 18), at(4, 18));
  assert.equal(told.slice(2), [['throttled a: in 80 % of its quota periods'], [], []]);
});

test('the ring keeps the newest; the pane shows them first, of one kind where asked', () => {
  const log = createEventLog(3);
  for (let inode = 1; inode < 9; inode++) log.push(frameOf([{ name: `w${inode}`, inode }]));
  assert.is(log.all().length, 3);
  const texts = eventsView(log.all(), 'new', '', 'none').map((line) => line.map(([text]) => text).join(''));
  assert.match(texts[0] ?? '', /of 3/);
  assert.match(texts[1] ?? '', /new +w8/);
  assert.not(texts.some((text) => text.includes('gone')));
  const found = eventsView(log.all(), 'all kinds', 'W8', 'both').map((line) => line.map(([text]) => text).join(''));
  assert.match(found[0] ?? '', /with "W8".* 1 of 3 .*alarm \(both\)/);
  assert.is(found.length, 2);
  // The filter of the table is begun with, where it means the same.
  assert.match(plainText(eventsView(log.all(), 'all kinds', 'w8 | nobody')[0]), / 1 of 3/);
});

test('an OOM kill outlives the coming and going of others', () => {
  const log = createEventLog(3);
  log.tell({ time: 0, kind: 'oom', name: 'web', path: '/web', text: 'killed by the OOM killer' });
  for (let inode = 1; inode < 9; inode++) log.push(frameOf([{ name: `w${inode}`, inode }]));
  assert.equal(
    log.all().map(({ kind }) => kind),
    ['oom', 'new', 'gone'],
  );
  for (let time = 1; time < 4; time++) log.tell({ time, kind: 'pids.max', name: 'web', path: '/web', text: '' });
  assert.not(log.all().some(({ kind }) => kind === 'oom'));
});

test('the coming and going of others takes no place from pressure, nor pressure from the rest', () => {
  const log = createEventLog(3);
  const tell = (kind: LogEvent['kind'], time: number): void =>
    log.tell({ time, kind, name: 'web', path: '/web', text: '' });
  for (const kind of ['oom', 'pressure', 'pressure', 'gone', 'new'] as const) tell(kind, 0);
  const kinds = (): string[] => log.all().map(({ kind }) => kind);
  assert.equal(kinds(), ['oom', 'pressure', 'pressure']);
  tell('throttled', 1);
  assert.equal(kinds(), ['oom', 'pressure', 'throttled']);
});

test('→ in the events leaves out, first, what came and went', () => {
  const start: State = { ...INITIAL, modal: { kind: 'events', show: 'all kinds', text: '', top: 0 } };
  const { modal } = afterAction(start, { type: 'sort-next', by: 1 }, EMPTY_CONTEXT);
  const show = modal?.kind === 'events' ? modal.show : '';
  assert.is(show, 'all but new and gone');
  const events = (['new', 'oom', 're-created', 'pressure', 'gone'] as const).map((kind, time) => ({
    ...{ time, kind, name: kind, path: '/web', text: '' },
  }));
  const lines = eventsView(events, show, '', 'none').map(plainText);
  assert.match(lines[0] ?? '', /Events {2}all but new and gone {2}2 of 5/);
  assert.equal(
    lines.slice(1).map((line) => line.split(/ +/)[1]),
    ['pressure', 'oom'],
  );
});

test.run();
