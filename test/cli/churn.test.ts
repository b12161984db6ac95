/** 200 cgroups made and removed per second for 30 s beside a running tstop and tscg ls --watch. */

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isWithin } from '../../src/kernel/cgroup-path.ts';
import { BUSY, MOUNT, onMount, TSCG, withBox } from '../boxes.ts';
import { openTstop } from '../terminal.ts';

const mountTest = onMount(test);

const ROOT = `/tscg-test-churn-${process.pid}`;
const SECONDS = 30;
const EACH_SECOND = 200;

/** How many a process has open, without those of other tests' cgroups, which come and go on the same mount. */
function descriptors(pid: number | undefined): number {
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  return open.filter((path) => !isWithin(path, MOUNT) || isWithin(path, join(MOUNT, ROOT))).length;
}

mountTest('no crash, no leaked descriptor, no row with the figures of another', () =>
  withBox(`${ROOT}/busy`, async (busy) => {
    await busy.run(BUSY);
    const terminal = openTstop(120, 40);
    const ls = spawn(
      process.execPath,
      [TSCG, 'ls', '--watch', '--json', '--delay', '0.5', '--columns', 'cpu_percent'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const wrong: string[] = [];
    let frames = 0;
    createInterface({ input: ls.stdout }).on('line', (line) => {
      const rows: unknown = JSON.parse(line);
      assert.ok(Array.isArray(rows));
      frames++;
      // The short-lived ones are empty: any figure but 0 and unavailable would be the busy one's.
      for (const { path, cpu_percent } of rows) {
        if (String(path).startsWith(`${ROOT}/short-`) && cpu_percent !== 0 && cpu_percent !== null)
          wrong.push(`${path} ${cpu_percent}`);
      }
    });
    try {
      terminal.type(`f${ROOT}/busy\r`);
      await terminal.until((text) => /busy +[^\d\n]*\d+\.\d/.test(text), 'the busy cgroup');
      const before = { tstop: descriptors(terminal.pid), ls: descriptors(ls.pid) };

      const started = performance.now();
      for (let made = 0; performance.now() - started < SECONDS * 1000; made++) {
        const path = join(MOUNT, ROOT, `short-${made % 50}`);
        mkdirSync(path);
        // Every second one is made again at once under the same name; the others live for some 50 ms.
        if (made % 2 === 0) rmdirSync(path);
        else setTimeout(() => rmdirSync(path), 50);
        await sleep(1000 / EACH_SECOND);
        if (made % 2 === 0) continue;
        await sleep(0);
      }
      await sleep(200);
      const framesThen = frames;
      await terminal.until((text) => /busy +[^\d\n]*\d+\.\d/.test(text), 'the busy cgroup after the churn');
      while (frames < framesThen + 4) await sleep(100);
      assert.equal(wrong, []);
      assert.is(ls.exitCode, null);
      const leaked = () => ({
        tstop: descriptors(terminal.pid) - before.tstop,
        ls: descriptors(ls.pid) - before.ls,
      });
      const isBack = ({ tstop, ls: own }: ReturnType<typeof leaked>) => tstop <= 12 && own <= 12;
      for (let tries = 0; tries < 120 && !isBack(leaked()); tries++) await sleep(500);
      assert.ok(isBack(leaked()), `descriptors more than before: ${JSON.stringify(leaked())}`);
      terminal.type('q');
      assert.is(await terminal.ended, 0);
    } finally {
      terminal.kill();
      ls.kill();
      for (const name of readdirSync(join(MOUNT, ROOT)))
        if (name.startsWith('short-')) rmdirSync(join(MOUNT, ROOT, name));
    }
  }),
);

test.run();
