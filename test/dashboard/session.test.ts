/** Selection by identity, as cgroups go, come again and are held; and what the keys choose for a screen. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/acting.ts';
import { headerView } from '../../src/dashboard/header-view.ts';
import { createRecreations } from '../../src/dashboard/recreated.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { drive } from './driver.ts';
import { frameOf } from './frames.ts';
import { NO_REVERTER, plainText } from './scenes.ts';

const frame = (inode: number) =>
  frameOf([
    { name: 'other', cpu: 50, inode: 900 },
    { name: 'web', cpu: 10, inode },
  ]);

test('another inode at the same path is re-created, for a minute', () => {
  const recreations = createRecreations();
  recreations.push(frame(1).workloads, 0);
  assert.equal([...recreations.recent()], []);
  recreations.push(frame(2).workloads, 1000);
  assert.equal([...recreations.recent()], [2]);
  recreations.push(frame(2).workloads, 62_000);
  assert.equal([...recreations.recent()], []);
});

test('gone for a moment and back counts too; gone for long does not', () => {
  const recreations = createRecreations();
  recreations.push(frame(1).workloads, 0);
  recreations.push([], 1000);
  recreations.push(frame(2).workloads, 2000);
  assert.ok(recreations.recent().has(2));
});

const OPTIONS = { state: { ...INITIAL, selected: 1 } };
const driver = () => drive(OPTIONS);

test('who is followed is found again when it is re-created; else the next row takes the place', () => {
  for (const isFollowed of [true, false]) {
    const driven = driver();
    driven.see(frame(1));
    assert.is(driven.selected()?.name, 'web');
    if (isFollowed) driven.act({ type: 'follow' });
    driven.see(frame(2));
    assert.is(driven.state().selected, 2);
    driven.see(
      frameOf([
        { name: 'a', cpu: 99, inode: 5 },
        { name: 'b', cpu: 98, inode: 6 },
        { name: 'web', cpu: 1, inode: 7 },
      ]),
    );
    assert.is(driven.selected()?.name, isFollowed ? 'web' : 'b');
  }
});

test('a container is found again by its name: another one of it has another path', () => {
  const webAt = (inode: number, name: string): Frame =>
    frameOf([
      { name: 'other', cpu: 50, inode: 900 },
      { name, cpu: 10, inode, path: `/docker-${inode}.scope`, facts: { runtime: 'docker' } },
    ]);
  const driven = driver();
  const recreations = createRecreations();
  const see = (seen: Frame, now: number): void => {
    driven.see(seen);
    recreations.push(seen.workloads, now);
  };
  see(webAt(1, 'c984af8789e8'), 0);
  driven.act({ type: 'follow' });
  // Its runtime tells its name a moment later.
  see(webAt(1, 'web'), 1000);
  see(frameOf([{ name: 'other', cpu: 50, inode: 900 }]), 2000);
  see(webAt(2, '6d3ab9cde1ca'), 3000);
  assert.is(driven.selected()?.name, 'other');
  assert.equal([...recreations.recent()], []);
  see(webAt(2, 'web'), 4000);
  assert.is(driven.selected()?.inode, 2);
  assert.equal([...recreations.recent()], [2]);
});

test('who is followed and away for long is named as gone, is not followed by its neighbour, and is found again', () => {
  const driven = driver();
  const headerOf = (seen: Frame): string => {
    driven.see(seen);
    const [state, shown] = [driven.state(), driven.shown()];
    if (!shown) throw new Error('nothing is shown');
    return headerView({ frame: seen, shown, state, title: '', alerts: [], age: 0 }, 100).map(plainText).join();
  };
  const without = frameOf([
    { name: 'other', cpu: 50, inode: 900 },
    { name: 'third', cpu: 5, inode: 901 },
  ]);
  headerOf(frame(1));
  driven.act({ type: 'follow' });
  assert.match(headerOf(frame(1)), /following {2}/);
  for (let samples = 0; samples < 3; samples++) assert.match(headerOf(without), /following web \(gone\)/);
  assert.is(driven.selected()?.name, 'third');
  assert.match(headerOf(frame(2)), /following {2}/);
  assert.is(driven.selected()?.name, 'web');
  driven.act({ type: 'first' });
  headerOf(frame(2));
  assert.is(driven.selected()?.name, 'other', 'a move is to whom one follows now');
  assert.match(headerOf(frameOf([{ name: 'web', cpu: 10, inode: 2 }])), /following other \(gone\)/);
});

/** As a first sample is: no rates yet. */
const firstFrame = (inode: number): Frame => {
  const { usage, ...others } = frame(inode);
  return { ...others, usage: usageOf(undefined, usage.snapshot) };
};

test('the first rates select the first row, unless the user has moved by then', () => {
  for (const hasMoved of [false, true]) {
    const driven = drive({ state: INITIAL });
    driven.see(firstFrame(1));
    driven.act({ type: hasMoved ? 'last' : 'first' });
    driven.see(firstFrame(1));
    const chosen = driven.selected()?.name;
    driven.see(
      frameOf([
        { name: 'other', cpu: chosen === 'other' ? 1 : 50, inode: 900 },
        { name: 'web', cpu: chosen === 'web' ? 1 : 50, inode: 1 },
      ]),
    );
    assert.is(driven.selected()?.name === chosen, hasMoved);
  }
});

test('what a key switched is told, and so is a search that finds nothing, or a group where a row is wanted', () => {
  const saved: string[] = [];
  const acting: Acting = {
    ...NO_REVERTER,
    context: () => {
      throw new Error('no row was to be looked at');
    },
    journal: { path: '', begin: () => {}, end: () => {}, read: () => ({ changes: [], unreadable: 0 }) },
  };
  const driven = drive({ ...OPTIONS, acting, save: (key) => void saved.push(key) });
  driven.see(frame(1));
  const told = (...keys: readonly string[]): string => {
    for (const full of keys) driven.key({ full, character: full });
    driven.see(frame(1));
    return driven.told() ?? '';
  };
  assert.is(told('b'), 'alarm: bell');
  assert.is(told('y'), 'theme: light');
  assert.equal(saved, ['alarm', 'theme']);
  assert.is(told('/', 'w', 'e'), '');
  assert.match(told('x'), /nothing found that holds "wex"/);
  assert.match(told('return'), /nothing found/);
  assert.match(told('n'), /nothing found/);
  assert.is(told('j'), '');
  told('t', 't', 't');
  told('g');
  assert.is(driven.selected(), undefined);
  for (const key of ['z', 'l', 'S-k']) assert.is(told(key), 'a group: tag its rows with Space');
});

test('a key that has nothing to act on, or whose effect is on another screen, says so', () => {
  const driven = driver();
  driven.see(frame(1));
  const told = (action: Parameters<typeof driven.act>[0]): string | undefined => {
    driven.act(action);
    return driven.told();
  };
  assert.match(told({ type: 'search-next' }) ?? '', /nothing to search for yet/);
  assert.match(told({ type: 'fold', how: 'open' }) ?? '', /no groups here: t /);
  assert.match(told({ type: 'span', by: 1 }) ?? '', /charts: the last 15m/);
  assert.match(told({ type: 'scale' }) ?? '', /CPU: 100 % is the whole machine/);
  assert.match(told({ type: 'memory' }) ?? '', /memory: current: /);
  for (const _ of ['tree', 'pod']) driven.act({ type: 'group' });
  driven.see(frame(1));
  assert.is(told({ type: 'fold', how: 'close' }), undefined);
});

test('a setting that cannot be saved is told with the reason', () => {
  const save = (): void => {
    throw new Error('disk full');
  };
  const driven = drive({ ...OPTIONS, save });
  driven.see(frame(1));
  driven.act({ type: 'theme' });
  assert.is(driven.told(), 'not saved: disk full');
});

test('a recording shows the Frame that it was moved to, and goes on from there; what is live goes on with now', () => {
  for (const isLive of [true, false]) {
    const driven = drive({ ...OPTIONS, isLive });
    const [old, now] = [frame(1), frame(1)];
    driven.see(old);
    driven.see(now);
    driven.act({ type: 'step', by: -1 });
    driven.dispatch({ type: 'past', frame: old });
    assert.is(driven.session().frame, old);
    driven.act({ type: 'pause' });
    assert.is(driven.session().frame, isLive ? now : old);
  }
});

test('what has the whole window and ends goes back to the table and says so, and is not followed by another', () => {
  const driven = driver();
  driven.see(frame(1));
  driven.act({ type: 'details' });
  driven.see(frame(1));
  assert.ok(driven.state().details);
  driven.see(frameOf([{ name: 'other', cpu: 50, inode: 900 }]));
  assert.not(driven.state().details);
  assert.match(driven.told() ?? '', /web has ended/);
});

test('columns are chosen and saved for the screen that they were chosen on', () => {
  const saved: unknown[] = [];
  const dashboards = ['overview', 'cpu'].map((name) => ({ name, title: name, cells: [], columns: ['pids'] }));
  const driven = drive({ ...OPTIONS, dashboards, save: (...one) => saved.push(one) });
  driven.see(frame(1));
  const press = (...keys: readonly string[]): void => {
    for (const full of keys) driven.key({ full, character: full });
  };
  press('2', 'f2', 'down', 'space', 'return');
  assert.is(driven.state().columns?.length, 2);
  press('1');
  assert.equal(driven.state().columns, ['pids']);
  press('2');
  assert.is(driven.state().columns?.length, 2);
  press('f2', '0');
  assert.equal(driven.state().columns, ['pids']);
  assert.equal(saved.at(-1), ['columns', {}]);
  press('f2', 'space', 'return');
  assert.is(driven.state().modal?.kind, 'columns', 'none at all is not kept');
});

test('columns that were looked at and not changed are not saved', () => {
  const saved: unknown[] = [];
  const driven = drive({ ...OPTIONS, save: (...one) => saved.push(one) });
  driven.see(frame(1));
  for (const full of ['f2', 'down', 'right', 'left', 'space', 'space', 'return']) driven.key({ full });
  assert.equal([saved, driven.state().columns, driven.state().modal], [[], undefined, undefined]);
});

test('a step back to before it was there keeps the selection for when the display goes on', () => {
  const driven = driver();
  driven.see(frame(1));
  driven.act({ type: 'step', by: -1 });
  driven.dispatch({ type: 'past', frame: frameOf([{ name: 'other', cpu: 50, inode: 900 }]) });
  assert.is(driven.selected(), undefined);
  driven.act({ type: 'pause' });
  driven.see(frame(1));
  assert.is(driven.selected()?.name, 'web');
});

test.run();
