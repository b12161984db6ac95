/** Tree, identity and names joined. */

import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Inventory, type InventoryOptions, openInventory } from '../../src/inventory/inventory.ts';
import type { NameSource, Names } from '../../src/inventory/names/source.ts';
import type { Walk } from '../../src/inventory/walk.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { eventually, held, noScratch, withScratch } from '../scratch-cgroup.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const it = suite('inventory');
const onKernel = noScratch === undefined ? it : it.skip;

const idOf = (number: number): string => number.toString(16).padStart(64, '0');
const containers = (count: number): string[] => Array.from({ length: count }, (_, number) => `/docker/${idOf(number)}`);

/** A tree that is what we say, with inodes of our choice. */
function playedTree(): { walk: Walk; cgroups: Map<string, number> } {
  const cgroups = new Map([['/', 1]]);
  return { cgroups, walk: async () => ({ paths: [...cgroups.keys()], inodes: [...cgroups.values()] }) };
}

const source = (lookup: NameSource['lookup'], more: Partial<NameSource> = {}): NameSource => ({
  name: 'played',
  matches: ({ kind }) => kind === 'container',
  lookup,
  ...more,
});

async function withInventory(
  options: Partial<InventoryOptions>,
  run: (inventory: Inventory) => Promise<void>,
): Promise<void> {
  const inventory = openInventory({ mount: '/nonexistent', proc: '/proc', watch: false, sources: [], ...options });
  try {
    await run(inventory);
  } finally {
    inventory.close();
  }
}

const namesOf = (workloads: readonly Workload[]): string[] => workloads.map(({ name }) => name);

it('rows have the name of their path at once and their own when it is known', async () => {
  const { walk, cgroups } = playedTree();
  cgroups.set('/docker', 2).set(`/docker/${idOf(7)}`, 3);
  let answer: (names: Names) => void = () => {};
  const sources = [source(() => new Promise((resolve) => (answer = resolve)))];
  await withInventory({ walk, sources, watch: true }, async (inventory) => {
    let told = 0;
    inventory.onChange(() => told++);
    const { added } = await inventory.refresh();
    assert.equal(namesOf(added), ['/', 'docker', '000000000000']);
    const before = inventory.workloads();
    assert.equal(namesOf(before), ['/', 'docker', '000000000000']);
    assert.is(inventory.workloads(), before, 'the same list while nothing changed');
    answer({ name: 'web', image: 'nginx' });
    await inventory.named();
    await eventually(() => told === 1, 'listeners are told');
    assert.equal(namesOf(inventory.workloads()), ['/', 'docker', 'web']);
    assert.is(inventory.byInode(3)?.image, 'nginx');
    assert.equal(namesOf(before), ['/', 'docker', '000000000000'], 'a list once given stays');
  });
});

it('a directory that is only called as a container has none of its names', async () => {
  const { walk, cgroups } = playedTree();
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  const own = `/system.slice/docker-${idOf(7)}.scope`;
  const scope = `docker-${idOf(7)}.scope`;
  [
    own,
    `${manager}/box/${scope}`,
    `${manager}/app.slice/${scope}`,
    `/system.slice/del.service/${scope}`,
    `${own}/${scope}`,
  ].forEach((path, number) => void cgroups.set(path, 10 + number));
  const proc = temporaryFolder();
  mkdirSync(join(proc, '407'));
  // Within its cgroup: by a container that may make directories itself.
  writeFileSync(join(proc, '407/cgroup'), `0::${own}/${scope}\n`);
  const sources = [source(async () => ({ name: 'web', image: 'nginx', initPid: 407 }))];
  await withInventory({ walk, proc, sources }, async (inventory) => {
    await inventory.refresh();
    const rows = inventory.workloads().slice(1);
    assert.equal(
      rows.map(({ kind, name, id, image, initPid }) => [kind, name, id, image, initPid]),
      [
        ['container', 'web', idOf(7), 'nginx', 407],
        ['cgroup', scope, undefined, undefined, undefined],
        ['unit', scope, undefined, undefined, undefined],
        ['inner', scope, undefined, undefined, undefined],
        ['inner', scope, idOf(7), undefined, undefined],
      ],
    );
    assert.equal(
      rows.map(({ claim }) => claim),
      [undefined, ...Array(4).fill({ name: 'web', path: own })],
    );
  });
});

it('a command that ends at once has the names after its first refresh', async () => {
  const { walk, cgroups } = playedTree();
  containers(100).forEach((path, number) => void cgroups.set(path, 10 + number));
  const sources = [source(async ({ id }) => ({ name: `c${Number.parseInt(id ?? '', 16)}` }))];
  await withInventory({ walk, sources }, async (inventory) => {
    await inventory.refresh();
    assert.equal(
      namesOf(inventory.workloads()).slice(1),
      Array.from({ length: 100 }, (_, number) => `c${number}`),
    );
  });
});

it('a cgroup made again is one removed and one added, and is asked for anew', async () => {
  const { walk, cgroups } = playedTree();
  const path = `/docker/${idOf(1)}`;
  cgroups.set(path, 5);
  let asked = 0;
  await withInventory({ walk, sources: [source(async () => ({ name: `name${++asked}` }))] }, async (inventory) => {
    await inventory.refresh();
    assert.is(inventory.byInode(5)?.name, 'name1');
    cgroups.set(path, 6);
    const { added, removed } = await inventory.refresh();
    assert.equal(
      [...removed, ...added].map(({ inode }) => inode),
      [5, 6],
    );
    assert.is(inventory.byInode(5), undefined);
    assert.is(inventory.byInode(6)?.name, 'name2');
  });
});

it('few are asked for at once, and those that went meanwhile are not asked for at all', async () => {
  const { walk, cgroups } = playedTree();
  let asking = 0;
  let most = 0;
  let asked = 0;
  const answers: (() => void)[] = [];
  const sources = [
    source(() => {
      asked++;
      most = Math.max(most, ++asking);
      return new Promise((resolve) => {
        answers.push(() => {
          asking--;
          resolve({ name: 'x' });
        });
      });
    }),
  ];
  await withInventory({ walk, sources, watch: true }, async (inventory) => {
    for (let round = 0; round < 50; round++) {
      cgroups.clear();
      cgroups.set('/', 1);
      containers(200).forEach((path, number) => void cgroups.set(path, 1000 * (round + 1) + number));
      await inventory.refresh();
    }
    assert.is(most, 8);
    assert.is(asked, 8, 'those under way hold up the rest');
    const answered = inventory.named();
    await eventually(() => {
      for (const answer of answers.splice(0)) answer();
      return asked === 8 + 200;
    }, 'the living ones are asked for');
    for (const answer of answers.splice(0)) answer();
    await answered;
    assert.is(most, 8);
    assert.ok(
      namesOf(inventory.workloads())
        .slice(1)
        .every((name) => name === 'x'),
    );
  });
});

it('names that come late or change show at a later refresh', async () => {
  const { walk, cgroups } = playedTree();
  containers(3).forEach((path, number) => void cgroups.set(path, 10 + number));
  let names: Names | undefined;
  await withInventory({ walk, sources: [source(async () => names)] }, async (inventory) => {
    await inventory.refresh();
    assert.is(inventory.byInode(10)?.name, '000000000000');
    names = { name: 'late' };
    await inventory.refresh();
    assert.is(inventory.byInode(12)?.name, 'late');
    names = { name: 'renamed' };
    await inventory.refresh();
    assert.is(inventory.byInode(11)?.name, 'renamed');
  });
});

it('an event of a source has the one it names asked for again', async () => {
  const { walk, cgroups } = playedTree();
  containers(40).forEach((path, number) => void cgroups.set(path, 10 + number));
  let name = 'old';
  let event: (id: string) => void = () => {};
  let stopped = 0;
  const sources = [
    source(async () => ({ name }), {
      events(onChange) {
        event = onChange;
        return () => void stopped++;
      },
    }),
  ];
  await withInventory({ walk, sources }, async (inventory) => {
    await inventory.refresh();
    name = 'new';
    event(idOf(5));
    await inventory.named();
    assert.is(inventory.byInode(15)?.name, 'new');
    assert.is(inventory.byInode(16)?.name, 'old');
  });
  assert.is(stopped, 1);
});

it('only containers, pods, machines and units are asked for', async () => {
  const { walk, cgroups } = playedTree();
  for (const path of ['/system.slice', '/system.slice/a.service', `/docker/${idOf(1)}`, `/docker/${idOf(1)}/init`]) {
    cgroups.set(path, cgroups.size + 1);
  }
  const asked: string[] = [];
  const everything = source(
    async (_, path) => {
      asked.push(path);
      return undefined;
    },
    { matches: () => true },
  );
  await withInventory({ walk, sources: [everything] }, async (inventory) => {
    await inventory.refresh();
    assert.equal(asked, ['/system.slice/a.service', `/docker/${idOf(1)}`]);
  });
});

it('a pid that is not in the cgroup now is not believed', async () => {
  const { walk, cgroups } = playedTree();
  const path = `/docker/${idOf(1)}`;
  cgroups.set(path, 5);
  const proc = temporaryFolder();
  for (const [pid, where] of Object.entries({ '11': path, '12': `${path}/init`, '13': '/other', '14': `${path}2` })) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'cgroup'), `0::${where}\n`);
  }
  for (const [initPid, known] of [
    [11, 11],
    [12, 12],
    [13, undefined],
    [14, undefined],
    [15, undefined],
  ] as const) {
    await withInventory({ walk, proc, sources: [source(async () => ({ initPid }))] }, async (inventory) => {
      await inventory.refresh();
      assert.is(inventory.byInode(5)?.initPid, known, String(initPid));
    });
  }
});

it('refreshes that overlap run one after another', async () => {
  const { walk, cgroups } = playedTree();
  await withInventory({ walk }, async (inventory) => {
    const first = inventory.refresh();
    cgroups.set('/a', 2);
    const changes = await Promise.all([first, inventory.refresh(), inventory.refresh()]);
    assert.is(changes.flatMap(({ added }) => added).length, 2);
    assert.equal(changes[2], { added: [], removed: [] });
  });
});

onKernel('on the real mount: what is there, by path and inode, and again after a change', () =>
  withScratch('inventory', async ({ directory }) => {
    mkdirSync(join(directory, `docker/${idOf(1)}/init`), { recursive: true });
    await withInventory({ mount: directory, watch: true }, async (inventory) => {
      await inventory.refresh();
      await eventually(() => inventory.watching().state === 'watching', 'chokidar is ready');
      await inventory.refresh();
      assert.equal(
        inventory.workloads().map(({ path, kind }) => `${kind} ${path}`),
        ['root /', 'slice /docker', `container /docker/${idOf(1)}`, `inner /docker/${idOf(1)}/init`],
      );
      assert.not(inventory.hinted());
      mkdirSync(join(directory, 'box'));
      await inventory.changed();
      const { added } = await inventory.refresh();
      assert.equal(
        added.map(({ path, inode }) => [path, inode]),
        [['/box', statSync(join(directory, 'box')).ino]],
      );
    });
  }),
);

onKernel('200 cgroups a second beside it: every list is whole, nothing is kept', () =>
  withScratch('inventory-churn', async ({ directory }) => {
    const before = held();
    const sources = [source(async () => ({ name: 'x' }))];
    await withInventory({ mount: directory, watch: true, sources }, async (inventory) => {
      await inventory.refresh();
      for (let round = 0; round < 60; round++) {
        const made = Array.from({ length: 10 }, (_, number) => join(directory, idOf(10 * round + number)));
        for (const path of made) mkdirSync(path);
        await inventory.refresh();
        const known = new Set(inventory.workloads().map(({ path }) => path));
        for (const path of made) assert.ok(known.has(path.slice(directory.length)));
        for (const path of made) rmdirSync(path);
      }
      await inventory.refresh();
      assert.is(inventory.workloads().length, 1);
      await inventory.named();
      assert.is(inventory.workloads().length, 1);
    });
    await eventually(() => held().watches === before.watches, 'no watch is left');
  }),
);

it.run();
