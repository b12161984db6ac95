/** Selection by identity, as cgroups go, come again and are held; and what the keys choose for a screen. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Acting } from '../../src/dashboard/actions.ts';
import { type ControllerOptions, createController } from '../../src/dashboard/controller.ts';
import { headerView } from '../../src/dashboard/header-view.ts';
import { createPast } from '../../src/dashboard/past.ts';
import { createRecreations } from '../../src/dashboard/recreated.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { frameOf } from './frames.ts';
import { plainText } from './scenes.ts';

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

const OPTIONS: ControllerOptions = {
  initial: { ...INITIAL, selected: 1 },
  dashboards: [],
  acting: undefined,
  newest: () => undefined,
  window: () => 10,
  onChange: () => {},
  onAction: () => {},
  onOwnChange: () => {},
  save: () => {},
};
const controllerOf = () => createController(OPTIONS);

test('who is followed is found again when it is re-created; else the next row takes the place', () => {
  for (const isFollowed of [true, false]) {
    const controller = controllerOf();
    controller.see(frame(1));
    assert.is(controller.selected()?.name, 'web');
    if (isFollowed) controller.act({ type: 'follow' });
    controller.see(frame(2));
    assert.is(controller.state().selected, 2);
    controller.see(
      frameOf([
        { name: 'a', cpu: 99, inode: 5 },
        { name: 'b', cpu: 98, inode: 6 },
        { name: 'web', cpu: 1, inode: 7 },
      ]),
    );
    assert.is(controller.selected()?.name, isFollowed ? 'web' : 'b');
  }
});

test('a container is found again by its name: another one of it has another path', () => {
  const webAt = (inode: number, name: string): Frame =>
    frameOf([
      { name: 'other', cpu: 50, inode: 900 },
      { name, cpu: 10, inode, path: `/docker-${inode}.scope`, facts: { runtime: 'docker' } },
    ]);
  const controller = controllerOf();
  const recreations = createRecreations();
  const see = (seen: Frame, now: number): void => {
    controller.see(seen);
    recreations.push(seen.workloads, now);
  };
  see(webAt(1, 'c984af8789e8'), 0);
  controller.act({ type: 'follow' });
  // Its runtime tells its name a moment later.
  see(webAt(1, 'web'), 1000);
  see(frameOf([{ name: 'other', cpu: 50, inode: 900 }]), 2000);
  see(webAt(2, '6d3ab9cde1ca'), 3000);
  assert.is(controller.selected()?.name, 'other');
  assert.equal([...recreations.recent()], []);
  see(webAt(2, 'web'), 4000);
  assert.is(controller.selected()?.inode, 2);
  assert.equal([...recreations.recent()], [2]);
});

test('who is followed and away for long is named as gone, is not followed by its neighbour, and is found again', () => {
  const controller = controllerOf();
  const headerOf = (seen: Frame): string => {
    controller.see(seen);
    const [state, shown] = [controller.state(), controller.shown()];
    if (!shown) throw new Error('nothing is shown');
    return headerView({ frame: seen, shown, state, title: '', age: 0 }, 100).map(plainText).join();
  };
  const without = frameOf([
    { name: 'other', cpu: 50, inode: 900 },
    { name: 'third', cpu: 5, inode: 901 },
  ]);
  headerOf(frame(1));
  controller.act({ type: 'follow' });
  assert.match(headerOf(frame(1)), /following {2}/);
  for (let samples = 0; samples < 3; samples++) assert.match(headerOf(without), /following web \(gone\)/);
  assert.is(controller.selected()?.name, 'third');
  assert.match(headerOf(frame(2)), /following {2}/);
  assert.is(controller.selected()?.name, 'web');
  controller.act({ type: 'first' });
  headerOf(frame(2));
  assert.is(controller.selected()?.name, 'other', 'a move is to whom one follows now');
  assert.match(headerOf(frameOf([{ name: 'web', cpu: 10, inode: 2 }])), /following other \(gone\)/);
});

/** As a first sample is: no rates yet. */
const firstFrame = (inode: number): Frame => {
  const { usage, ...others } = frame(inode);
  return { ...others, usage: usageOf(undefined, usage.snapshot) };
};

test('the first rates select the first row, unless the user has moved by then', () => {
  for (const hasMoved of [false, true]) {
    const controller = createController({ ...OPTIONS, initial: INITIAL });
    controller.see(firstFrame(1));
    controller.act({ type: hasMoved ? 'last' : 'first' });
    controller.see(firstFrame(1));
    const chosen = controller.selected()?.name;
    controller.see(
      frameOf([
        { name: 'other', cpu: chosen === 'other' ? 1 : 50, inode: 900 },
        { name: 'web', cpu: chosen === 'web' ? 1 : 50, inode: 1 },
      ]),
    );
    assert.is(controller.selected()?.name === chosen, hasMoved);
  }
});

test('what a key switched is told, and so is a search that finds nothing, or a group where a row is wanted', () => {
  const saved: string[] = [];
  const acting: Acting = {
    context: () => {
      throw new Error('no row was to be looked at');
    },
    journal: { path: '', begin: () => {}, end: () => {}, read: () => ({ changes: [], unreadable: 0 }) },
  };
  const controller = createController({ ...OPTIONS, acting, save: (key) => void saved.push(key) });
  controller.see(frame(1));
  const told = (...keys: readonly string[]): string => {
    for (const full of keys) controller.key({ full, character: full });
    controller.see(frame(1));
    return controller.message()?.text ?? '';
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
  assert.is(controller.selected(), undefined);
  for (const key of ['z', 'l', 'S-k']) assert.is(told(key), 'a group: tag its rows with Space');
});

test('a key that has nothing to act on, or whose effect is on another screen, says so', () => {
  const controller = controllerOf();
  controller.see(frame(1));
  const told = (action: Parameters<typeof controller.act>[0]): string | undefined => {
    controller.act(action);
    return controller.message()?.text;
  };
  assert.match(told({ type: 'search-next' }) ?? '', /nothing to search for yet/);
  assert.match(told({ type: 'fold', how: 'open' }) ?? '', /no groups here: t /);
  assert.match(told({ type: 'span', by: 1 }) ?? '', /charts: the last 15m/);
  assert.match(told({ type: 'scale' }) ?? '', /CPU: 100 % is the whole machine/);
  assert.match(told({ type: 'memory' }) ?? '', /memory: current: /);
  for (const _ of ['tree', 'pod']) controller.act({ type: 'group' });
  controller.see(frame(1));
  assert.is(told({ type: 'fold', how: 'close' }), undefined);
});

test('what cannot be saved is told', () => {
  const save = (): void => {
    throw new Error('disk full');
  };
  const controller = createController({ ...OPTIONS, save });
  controller.see(frame(1));
  controller.act({ type: 'theme' });
  assert.is(controller.message()?.text, 'not saved: disk full');
});

test('steps in time stay within what is kept', () => {
  const past = createPast();
  const frames = Array.from({ length: 20 }, (_, index) => frame(index + 1));
  for (const kept of frames) past.push(kept);
  const [first, last] = [frames[0], frames[19]];
  if (!first || !last) throw new Error('no frames');
  assert.is(past.step(last, -3), frames[16]);
  assert.is(past.step(last, -100), first);
  assert.is(past.step(first, 1), frames[1]);
  assert.is(past.step(first, Number.MAX_SAFE_INTEGER), last);
  assert.is(past.age(last), 0);
});

test('what has the whole window and ends goes back to the table and says so, and is not followed by another', () => {
  const controller = controllerOf();
  controller.see(frame(1));
  controller.act({ type: 'details' });
  controller.see(frame(1));
  assert.ok(controller.state().details);
  controller.see(frameOf([{ name: 'other', cpu: 50, inode: 900 }]));
  assert.not(controller.state().details);
  assert.match(controller.message()?.text ?? '', /web has ended/);
});

test('columns are chosen and saved for the screen that they were chosen on', () => {
  const saved: unknown[] = [];
  const dashboards = ['overview', 'cpu'].map((name) => ({ name, title: name, cells: [], columns: ['pids'] }));
  const controller = createController({ ...OPTIONS, dashboards, save: (...one) => saved.push(one) });
  controller.see(frame(1));
  const press = (...keys: readonly string[]): void => {
    for (const full of keys) controller.key({ full, character: full });
  };
  press('2', 'f2', 'down', 'space', 'return');
  assert.is(controller.state().columns?.length, 2);
  press('1');
  assert.equal(controller.state().columns, ['pids']);
  press('2');
  assert.is(controller.state().columns?.length, 2);
  press('f2', '0');
  assert.equal(controller.state().columns, ['pids']);
  assert.equal(saved.at(-1), ['columns', {}]);
  press('f2', 'space', 'return');
  assert.is(controller.state().modal?.kind, 'columns', 'none at all is not kept');
});

test('columns that were looked at and not changed are not saved', () => {
  const saved: unknown[] = [];
  const controller = createController({ ...OPTIONS, save: (...one) => saved.push(one) });
  controller.see(frame(1));
  for (const full of ['f2', 'down', 'right', 'left', 'space', 'space', 'return']) controller.key({ full });
  assert.equal([saved, controller.state().columns, controller.state().modal], [[], undefined, undefined]);
});

test('a step back to before it was there keeps the selection for when the display goes on', () => {
  const controller = controllerOf();
  controller.see(frame(1));
  controller.act({ type: 'step', by: -1 });
  controller.see(frameOf([{ name: 'other', cpu: 50, inode: 900 }]));
  assert.is(controller.selected(), undefined);
  controller.act({ type: 'pause' });
  controller.see(frame(1));
  assert.is(controller.selected()?.name, 'web');
});

test.run();
