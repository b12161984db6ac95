/** The tree against the real kernel, and against what chokidar is known to miss. */

import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTree, type Tree, type TreeOptions } from '../../src/inventory/tree.ts';
import { createWalk, type Walk, walkWithFs } from '../../src/inventory/walk.ts';
import { eventually, held, noScratch, removeTree, withScratch } from '../scratch-cgroup.ts';

const WALKS: readonly (readonly [string, Walk])[] = [
  ['native where there is an addon', createWalk()],
  ['fs', walkWithFs],
];

const it = suite('tree');
const onKernel = noScratch === undefined ? it : it.skip;
if (noScratch !== undefined) console.log(`no cgroup of our own, so most of this is skipped: ${noScratch}`);

async function withTree(
  options: Partial<TreeOptions> & { mount: string },
  run: (tree: Tree) => Promise<void>,
): Promise<void> {
  const tree = openTree({ walk: walkWithFs, watch: false, ...options });
  try {
    await run(tree);
  } finally {
    tree.close();
  }
}

const pathsOf = (cgroups: readonly { path: string }[]): string[] => cgroups.map(({ path }) => path).sort();

for (const [name, walk] of WALKS) {
  onKernel(`${name}: what is added and removed between two syncs`, () =>
    withScratch('sync', async ({ directory }) => {
      mkdirSync(join(directory, 'a/b'), { recursive: true });
      await withTree({ mount: directory, walk }, async (tree) => {
        assert.equal(pathsOf((await tree.sync()).added), ['/', '/a', '/a/b']);
        assert.equal(await tree.sync(), { added: [], removed: [] });
        rmdirSync(join(directory, 'a/b'));
        mkdirSync(join(directory, 'c'));
        const { added, removed } = await tree.sync();
        assert.equal([pathsOf(added), pathsOf(removed)], [['/c'], ['/a/b']]);
        assert.is(tree.cgroups().get('/c')?.inode, statSync(join(directory, 'c')).ino);
      });
    }),
  );

  onKernel(`${name}: nr_descendants tells whether all is known`, () =>
    withScratch('count', async ({ directory }) => {
      const descendants = (): number =>
        Number(/nr_descendants (\d+)/.exec(readFileSync(join(directory, 'cgroup.stat'), 'utf8'))?.[1]);
      await withTree({ mount: directory, walk }, async (tree) => {
        mkdirSync(join(directory, 'a'));
        await tree.sync();
        assert.ok(tree.isComplete(descendants()));
        mkdirSync(join(directory, 'a/b'));
        assert.not(tree.isComplete(descendants()));
        await tree.sync();
        assert.ok(tree.isComplete(descendants()));
        // A name that is no text is counted, with what is below it, and not listed.
        const nameless = Buffer.concat([Buffer.from(`${directory}/a/`), Buffer.from([0x78, 0xff])]);
        const below = Buffer.concat([nameless, Buffer.from('/below')]);
        for (const made of [nameless, below]) mkdirSync(made);
        mkdirSync(join(directory, 'a/\ufffd'));
        try {
          assert.equal(pathsOf((await tree.sync()).added), ['/a/\ufffd']);
          assert.ok(tree.isComplete(descendants()));
          assert.is(tree.hidden(), 2);
        } finally {
          for (const made of [below, nameless]) rmdirSync(made);
        }
        assert.not(tree.isComplete(descendants()));
        assert.equal(await tree.sync(), { added: [], removed: [] });
        assert.ok(tree.isComplete(descendants()));
      });
    }),
  );

  onKernel(`${name}: a directory made again is one removed and one added, 100 times`, () =>
    withScratch('again', async ({ directory }) => {
      const box = join(directory, 'box');
      mkdirSync(box);
      await withTree({ mount: directory, walk }, async (tree) => {
        await tree.sync();
        for (let i = 0; i < 100; i++) {
          const old = statSync(box).ino;
          rmdirSync(box);
          mkdirSync(box);
          assert.equal(await tree.sync(), {
            added: [{ path: '/box', inode: statSync(box).ino }],
            removed: [{ path: '/box', inode: old }],
          });
        }
      });
    }),
  );
}

onKernel('an odd name is a path like any other', () =>
  withScratch('odd', async ({ directory }) => {
    const names = ['x\x1b[2J', 'a b', '\u202egnp', '容器'.repeat(20), '..x', 'new\\x2dline', 'a:b:c'];
    for (const name of names) mkdirSync(join(directory, name));
    for (const [, walk] of WALKS) {
      await withTree({ mount: directory, walk }, async (tree) => {
        assert.equal(pathsOf((await tree.sync()).added), ['/', ...names.map((name) => `/${name}`)].sort());
      });
    }
  }),
);

it('a mount that is not there is an empty tree', async () => {
  for (const [, walk] of WALKS) {
    await withTree({ mount: '/nonexistent/cgroup', walk }, async (tree) => {
      assert.equal(await tree.sync(), { added: [], removed: [] });
    });
  }
});

it('chokidar is not loaded where nobody asks for events', async () => {
  await withTree({ mount: '/nonexistent/cgroup' }, async (tree) => {
    await tree.sync();
    assert.equal(tree.watching(), { state: 'off' });
    assert.ok(tree.hinted(), 'without events a walk is always due');
  });
});

/** For the budget of events: on a machine so slow that the same events come in days, none is too many. */
const slowMotion = (): number => 1_000_000 * performance.now();

/** A tree whose events are followed and have all been taken. */
async function withWatchedTree(directory: string, run: (tree: Tree, hints: string[]) => Promise<void>): Promise<void> {
  const hints: string[] = [];
  const onHint: TreeOptions['onHint'] = (kind, path) => void hints.push(`${kind} ${path}`);
  await withTree({ mount: directory, watch: true, onHint, clock: slowMotion }, async (tree) => {
    await tree.sync();
    await eventually(() => tree.watching().state === 'watching', 'chokidar is ready');
    await tree.sync();
    hints.length = 0;
    await run(tree, hints);
  });
}

onKernel('an event tells of a new cgroup and of a removed one', () =>
  withScratch('hint', ({ directory }) =>
    withWatchedTree(directory, async (tree, hints) => {
      assert.not(tree.hinted());
      mkdirSync(join(directory, 'a'));
      await tree.changed();
      assert.ok(tree.hinted());
      await eventually(() => hints.includes('added /a'), 'the event of /a');
      assert.equal(pathsOf((await tree.sync()).added), ['/a']);
      assert.not(tree.hinted());
      rmdirSync(join(directory, 'a'));
      await tree.changed();
      assert.equal(pathsOf((await tree.sync()).removed), ['/a']);
      await tree.sync();
      assert.is(tree.missed(), 0);
    }),
  ),
);

onKernel('close wakes who waits', () =>
  withScratch('close', ({ directory }) =>
    withWatchedTree(directory, async (tree) => {
      const woken = tree.changed();
      tree.close();
      await woken;
      await tree.changed();
    }),
  ),
);

onKernel('nested levels made 3 ms apart are all known after a sync, 100 times', () =>
  withScratch('nested', ({ directory }) =>
    withWatchedTree(directory, async (tree) => {
      for (let i = 0; i < 100; i++) {
        const levels = [`/n${i}`, `/n${i}/a`, `/n${i}/a/b`];
        for (const level of levels) {
          mkdirSync(join(directory, level));
          await sleep(3);
        }
        await tree.sync();
        for (const level of levels) assert.ok(tree.cgroups().has(level), level);
        removeTree(join(directory, `n${i}`));
      }
      await tree.sync();
      assert.is(tree.cgroups().size, 1);
    }),
  ),
);

const SYNC_MS = 500;
/** Between two cgroups that are made to be heard: each event makes chokidar read all that are there. */
const NEXT_MS = 50;

/**
 * Makes cgroups inside `box` until an event tells of one. `tree` is synced now and then, as its users do: chokidar may let go
 * of a watch that was put while it still read, and the sync that finds something untold puts it back.
 */
async function heard(box: string, hints: string[], tree?: Tree): Promise<void> {
  hints.length = 0;
  const made: string[] = [];
  let madeAt = Number.NEGATIVE_INFINITY;
  let syncedAt = performance.now();
  await eventually(() => {
    const now = performance.now();
    if (tree && now - syncedAt > SYNC_MS) {
      syncedAt = now;
      void tree.sync();
    }
    if (now - madeAt > NEXT_MS) {
      madeAt = now;
      const path = join(box, `c${made.length}`);
      mkdirSync(path);
      made.push(path);
    }
    return hints.some((hint) => hint.startsWith('added /box/'));
  }, 'an event from inside the new cgroup');
  for (const path of made) rmdirSync(path);
}

onKernel('a cgroup made again with nothing between is seen, and its inside is watched again, 100 times', () =>
  withScratch('deaf', ({ directory }) =>
    withWatchedTree(directory, async (tree, hints) => {
      const box = join(directory, 'box');
      mkdirSync(box);
      await tree.sync();
      await heard(box, hints, tree);
      for (let i = 0; i < 100; i++) {
        await tree.sync();
        const old = statSync(box).ino;
        rmdirSync(box);
        mkdirSync(box);
        const { added, removed } = await tree.sync();
        assert.equal(
          removed.filter(({ path }) => path === '/box'),
          [{ path: '/box', inode: old }],
        );
        assert.equal(added, [{ path: '/box', inode: statSync(box).ino }]);
        await heard(box, hints, tree);
      }
    }),
  ),
);

onKernel('one that was replaced before any sync knew it is found deaf by what happens inside, and mended', () =>
  withScratch('unknown', ({ directory }) =>
    withWatchedTree(directory, async (tree, hints) => {
      const box = join(directory, 'box');
      mkdirSync(box);
      await heard(box, hints);
      rmdirSync(box);
      mkdirSync(box);
      await tree.sync();
      mkdirSync(join(box, 'inside'));
      await tree.sync();
      assert.ok(tree.cgroups().has('/box/inside'), 'the walk needs no hint');
      assert.is(tree.missed(), 0, 'an event may be late');
      await tree.sync();
      assert.is(tree.missed(), 1);
      await heard(box, hints, tree);
      rmdirSync(join(box, 'inside'));
    }),
  ),
);

onKernel('200 cgroups a second made and removed: no error, nothing kept', () =>
  withScratch('churn', async ({ directory }) => {
    const atFirst = held();
    await withWatchedTree(directory, async (tree) => {
      const before = held();
      let alive: string[] = [];
      for (let second = 0; second < 4; second++) {
        for (let burst = 0; burst < 20; burst++) {
          const made = Array.from({ length: 10 }, (_, i) => join(directory, `s${second}-${burst}-${i}`));
          for (const path of made) mkdirSync(path);
          for (const path of alive) rmdirSync(path);
          alive = made;
          if (burst % 5 === 0) await tree.sync();
          await sleep(50);
        }
      }
      for (const path of alive) rmdirSync(path);
      await tree.sync();
      assert.is(tree.cgroups().size, 1);
      await eventually(() => held().descriptors <= before.descriptors + 1, 'descriptors are back');
      /** Of removed cgroups chokidar lets go when it next looks at their parent. */
      await eventually(() => {
        mkdirSync(join(directory, 'last'));
        rmdirSync(join(directory, 'last'));
        return held().watches <= before.watches + 2;
      }, 'watches are back');
    });
    await eventually(() => held().watches <= atFirst.watches, 'no watch is left after close');
  }),
);

it('nothing is watched where there is no mount', async () => {
  await withTree({ mount: '/nonexistent/cgroup', watch: true }, async (tree) => {
    await tree.sync();
    assert.is(tree.watching().state, 'off');
  });
});

it.run();
