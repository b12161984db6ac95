/** A container of crun whose limit is on its own cgroup and on the one below: planned, made, verified and taken back on both. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identify } from '../../../src/inventory/identity.ts';
import type { RuntimeSocket } from '../../../src/inventory/sockets.ts';
import type { Workload } from '../../../src/inventory/workload.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { openJournal } from '../../../src/limits/applying/journal.ts';
import { planUndo } from '../../../src/limits/applying/undo.ts';
import type { Plan, Write } from '../../../src/limits/model.ts';
import { cgroupfsOwner } from '../../../src/limits/owners/cgroupfs.ts';
import type { Owner } from '../../../src/limits/owners/owner.ts';
import { editsOf } from '../../../src/limits/planning/edits.ts';
import { planSet } from '../../../src/limits/planning/plan.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, type FakeFiles, fakeFiles } from '../fake-files.ts';
import { DEVICES } from '../typed.ts';
import { messageOf } from '../world.ts';

const ID = 'c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415';
const OUTER = `/machine.slice/libpod-${ID}.scope`;
const INNER = `${OUTER}/container`;
const TARGET: Workload = { ...identify(OUTER), path: OUTER, inode: 7, name: 'web' };
const SOCKETS: readonly RuntimeSocket[] = [
  { runtime: 'podman', path: '/run/podman/podman.sock', state: 'usable' },
  { runtime: 'systemd', path: '/run/dbus/system_bus_socket', state: 'usable' },
];

/** `reaches`: the cgroups in which an update of podman writes, by the version of crun. */
async function withContainer(
  [outer, inner]: readonly [outer: string, inner: string],
  reaches: readonly string[],
  use: (container: {
    readonly files: FakeFiles;
    readonly plan: (...words: string[]) => Plan;
    readonly set: (...words: string[]) => Promise<unknown>;
    readonly undo: () => Promise<unknown>;
    readonly both: () => (string | undefined)[];
    /** systemd refuses from now on. */
    readonly deny: () => void;
  }) => Promise<void>,
): Promise<void> {
  const mount = temporaryFolder();
  mkdirSync(join(mount, INNER), { recursive: true });
  const files = {
    ...fakeFiles({
      [`${OUTER}/pids.max`]: outer,
      [`${INNER}/pids.max`]: inner,
      [`${OUTER}/pids.current`]: '3',
      [`${INNER}/pids.current`]: '3',
    }),
    mount,
  };
  let denied = false;
  const ownerOf = ({ via }: Pick<Write, 'via'>): Owner => ({
    ...cgroupfsOwner(files),
    name: via,
    confirm: async () => {},
    apply: async (writes) => {
      if (via === 'systemd' && denied) throw new Error('Access denied');
      for (const { path, file, after } of writes)
        for (const at of via === 'podman' ? reaches : [path]) files.texts.set(`${at}/${file}`, after);
    },
  });
  const journal = openJournal(join(mount, 'state'));
  const context = {
    ...contextOf(files),
    owners: { sockets: SOCKETS },
    ...{ journal, command: ['set', 'web'], ownerOf },
  };
  const plan = (...words: string[]): Plan => {
    const edits = editsOf((long) => (long === words[0] ? [words[1] ?? ''] : []), [], context.machine, DEVICES);
    return planSet([{ target: TARGET, edits }], context);
  };
  const undo = (): Promise<unknown> => {
    const change = journal.read().changes.at(-1);
    assert.ok(change);
    return applyPlan(planUndo(change, context, journal.read().changes), { ...context, undoes: change.id });
  };
  await use({
    files,
    plan,
    set: (...words) => applyPlan(plan(...words), context),
    undo,
    both: () => [OUTER, INNER].map((path) => files.texts.get(`${path}/pids.max`)),
    deny: () => {
      denied = true;
    },
  });
}

test('the upper level follows only where it would hold the container tighter, as systemd gives every unit a TasksMax', () =>
  withContainer(['4915', '100'], [INNER], async ({ plan, set, undo, both }) => {
    const places = (...words: string[]) => plan(...words).writes.map(({ path, after }) => [path, after]);
    assert.equal(places('--pids', '50'), [[INNER, '50']]);
    assert.equal(places('--pids', '6000'), [
      [INNER, '6000'],
      [OUTER, '6000'],
    ]);
    await set('--pids', 'max');
    assert.equal(both(), ['max', 'max']);
    await undo();
    assert.equal(both(), ['4915', '100']);
  }));

for (const [crun, reaches] of [
  ['an older crun, which updates the inner level', [INNER]],
  ['a newer crun, which updates both', [OUTER, INNER]],
] as const) {
  test(`case 109: ${crun}: both levels follow, and are undone`, () =>
    withContainer(['100', '100'], reaches, async ({ plan, set, undo, both }) => {
      const { writes } = plan('--pids', '500');
      assert.equal(
        writes.map(({ via, path, before, after, notes }) => [via, path, before, after, /no effect/.test(notes.join())]),
        [
          ['podman', INNER, '100', '500', false],
          ['systemd', OUTER, '100', '500', false],
        ],
      );
      await set('--pids', 'max');
      assert.equal(both(), ['max', 'max']);
      await set('--pids', '50');
      assert.equal(both(), [reaches.length === 1 ? 'max' : '50', '50']);
      await undo();
      assert.equal(both(), ['max', 'max']);
    }));

  test(`case 109: ${crun}: where the second level fails both are as they were`, () =>
    withContainer(['100', '100'], reaches, async ({ set, both, deny }) => {
      deny();
      assert.match(await messageOf(set('--pids', '50')), /Access denied/);
      assert.equal(both(), ['100', '100']);
    }));
}

test.run();
