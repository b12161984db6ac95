/** Containers whose /etc/passwd is laid out to lead root astray or to hold it up: tscg and tstop go on, within their roots. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, STATE_DIR, TSCG, withBox } from '../../boxes.ts';
import {
  type HostileRoots,
  noHostileRoots,
  OPENS,
  openedAmiss,
  traceOpens,
  withHostileRoots,
} from '../../hostile-roots.ts';
import { skip } from '../../skip.ts';
import { openTstop } from '../../terminal.ts';

const DOWN = '\x1b[B';

const test = suite('hostile');
const reason = noHostileRoots();

/** A cgroup for each of them: /hostile/a, /hostile/b, … */
function inCgroups(use: (hostile: HostileRoots, paths: readonly string[]) => Promise<void>): Promise<void> {
  return withBox('/hostile', () => {
    const paths: string[] = [];
    return withHostileRoots(
      async (hostile) => use(hostile, paths),
      ({ pid }) => {
        const path = `/hostile/${String.fromCharCode(97 + paths.length)}`;
        mkdirSync(join(MOUNT, path));
        writeFileSync(join(MOUNT, path, 'cgroup.procs'), String(pid));
        paths.push(path);
      },
    );
  });
}

const on = (name: string, run: (hostile: HostileRoots, paths: readonly string[]) => Promise<void>): void =>
  reason === undefined ? test(name, () => inCgroups(run)) : skip(test, name, reason);

/** Each takes a while to start under strace in an emulated machine: those that could hang or be led out tell enough. */
const TRIED = ['a link to a file of the host', 'a FIFO'];

on('tscg get, fs, ns and ls open nothing outside their roots, and end', async (hostile, paths) => {
  const commands = [
    ['ls'],
    ['ns'],
    ...paths
      .filter((_, index) => TRIED.includes(hostile.roots[index]?.kind ?? ''))
      .flatMap((path) => [
        ['get', path],
        ['fs', path],
      ]),
  ];
  for (const args of commands) {
    const { status, stderr, trace } = await traceOpens(hostile.folder, [process.execPath, TSCG, ...args]);
    assert.is(status, 0, `tscg ${args.join(' ')}: ${status === null ? 'it hung' : stderr}`);
    assert.equal(openedAmiss(trace, hostile), [], args.join(' '));
  }
});

on('tstop shows the processes of each, with the users that its own root knows', async (hostile, paths) => {
  const file = join(hostile.folder, 'trace');
  const terminal = openTstop(200, 60, [], { TSCG_STATE_DIR: STATE_DIR }, ['strace', ...OPENS, '-o', file]);
  try {
    await terminal.until((text) => text.includes('NAME'), 'the table');
    for (const [index, { kind, pid, name }] of hostile.roots.entries()) {
      terminal.type(index === 0 ? `f/hostile/\rN` : DOWN);
      // The names of users come a moment after the processes.
      const line = new RegExp(`\\b${pid}\\b.*\\b${name ?? 'root'}\\b`);
      await terminal.until((text) => line.test(text), `${paths[index]}: ${kind}`);
    }
    terminal.type('q');
    assert.is(await terminal.ended, 0);
    assert.equal(openedAmiss(readFileSync(file, 'utf8'), hostile), []);
  } finally {
    terminal.kill();
  }
});

test.run();
