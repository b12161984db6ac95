/** The threads of a look, over trees in the place of /proc and of the mount. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openThreads } from '../../src/diagnosis/look/threads.ts';
import { createReadFiles } from '../../src/kernel/read-files.ts';
import { type Tree, withTree } from '../kernel/hierarchies.ts';

const MS = 1e6;

const threadsOf = ({ mount }: Tree, paths: readonly string[] = ['/web'], victims: readonly string[] = ['/web']) =>
  openThreads({
    proc: `${mount}/proc`,
    mount: `${mount}/cgroup`,
    readFiles: createReadFiles(),
    victims,
    paths,
  });

function thread(tree: Tree, tid: number, ranMs: number, turns = 0): void {
  tree.write(`/proc/${tid}/task/${tid}/schedstat`, `${ranMs * MS} ${ranMs * MS} ${turns}\n`);
  tree.write(`/proc/${tid}/status`, 'Cpus_allowed_list:\t1\n');
}

test('a thread that explains its group’s CPU time is no short-lived one, however often it is read meanwhile', () =>
  withTree(async (tree) => {
    tree.write('/cgroup/web/cgroup.threads', '7\n');
    const threads = threadsOf(tree);
    thread(tree, 7, 0);
    await threads.refresh(new Map([['/web', 0]]));
    for (const ran of [100, 200]) {
      thread(tree, 7, ran, ran / 10);
      await threads.refresh();
    }
    thread(tree, 7, 230, 23);
    await threads.refresh(new Map([['/web', 230e3]]));
    assert.equal([...threads.fleeting()], []);
    assert.equal(threads.times('/web'), { ran: 230, waited: 230, turns: 23 });
  }));

test('a group whose threads were not seen to run is short-lived; where it may run is known all the same', () =>
  withTree(async (tree) => {
    tree.write('/cgroup/web/cgroup.threads', '7\n');
    const threads = threadsOf(tree);
    thread(tree, 7, 0);
    await threads.refresh(new Map([['/web', 0]]));
    tree.write('/cgroup/web/cgroup.threads', '7\n9\n');
    thread(tree, 9, 1);
    await threads.refresh(new Map([['/web', 300e3]]));
    assert.equal([...threads.fleeting()], ['/web']);
    assert.equal(threads.allowed('/web'), [1]);
  }));

test('of threads that /proc hides, or that schedstat tells nothing of, nothing is known', () =>
  withTree(async (tree) => {
    tree.write('/cgroup/web/cgroup.threads', '7\n');
    tree.write('/cgroup/other/cgroup.threads', '9\n');
    const threads = threadsOf(tree);
    thread(tree, 9, 100);
    await threads.refresh(new Map([['/other', 100e3]]));
    assert.ok(Number.isNaN(threads.times('/web').waited));
    thread(tree, 7, 0);
    await threads.refresh();
    assert.ok(Number.isNaN(threads.times('/web').waited));
    thread(tree, 7, 5);
    await threads.refresh();
    assert.is(threads.times('/web').waited, 5);
  }));

test('a thread that ended before it was read leaves the others known', () =>
  withTree(async (tree) => {
    tree.write('/cgroup/web/cgroup.threads', '7\n');
    tree.write('/cgroup/web/job/cgroup.threads', '8\n');
    const threads = threadsOf(tree, ['/web', '/web/job']);
    thread(tree, 7, 5);
    await threads.refresh();
    assert.ok(Number.isNaN(threads.times('/web').waited));
    tree.write('/cgroup/web/job/cgroup.threads', '');
    thread(tree, 7, 9);
    await threads.refresh();
    assert.is(threads.times('/web').waited, 4);
  }));

test('of more threads than are followed a part is known, and of a cgroup of which none is followed nothing', () =>
  withTree(async (tree) => {
    const many = Array.from({ length: 2000 }, (_, index) => index + 1_000_000);
    tree.write('/cgroup/web/first/cgroup.threads', `${many.join('\n')}\n`);
    tree.write('/cgroup/web/last/cgroup.threads', '7\n');
    const threads = threadsOf(tree, ['/web/first', '/web/last'], ['/web', '/web/last']);
    for (const ran of [5, 9]) {
      thread(tree, 1_000_000, ran);
      thread(tree, 7, ran);
      await threads.refresh();
    }
    assert.is(threads.times('/web').waited, 4);
    assert.ok(Number.isNaN(threads.times('/web/last').waited));
  }));

test.run();
