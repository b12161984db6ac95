/** A cgroup whose name is meant for the terminal: no command prints it as it is. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onMount, tscg, withBox } from '../boxes.ts';

/** Clears the screen; reverses what follows; C1's CSI. */
const NAME = `tscg-esc-${process.pid}-\x1b[2J\u202e\u009b31m`;
const PATH = `/${NAME}`;

/** Of what a terminal obeys, all but the end of a line. */
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;

onMount(test)('no command lets a name reach the terminal as it is', () =>
  withBox(PATH, async (box) => {
    const { pid } = await box.run('exec sleep 1000');
    const commands: readonly (readonly string[])[] = [
      ['ls', '--all'],
      ['ls', '--all', '--csv'],
      ['ls', '--all', '--json'],
      ['get', PATH],
      ['get', PATH, '--json'],
      ['ns', PATH],
      ['ns', '--json'],
      ['ns'],
      ['fs', PATH],
      ['fs', PATH, '--json'],
      ['controllers', PATH],
      ['controllers', PATH, '--json'],
      ['controllers', PATH, '+io', '--dry-run'],
      ['set', PATH, '--cpu', '50%', '--dry-run'],
      ['set', PATH, '--freeze', '1', '--dry-run'],
      ['snapshot'],
      ['snapshot', PATH],
      ['freeze', PATH, '--dry-run'],
      ['freeze', PATH],
      ['log'],
      ['log', '--json'],
      ['undo', '--dry-run'],
      ['undo', '--dry-run', '--json'],
      ['thaw', PATH],
      ['undo', '--all', '--since', '1h'],
      ['reapply'],
      ['move', `pid:${pid}`, PATH],
      ['move', `pid:${process.pid}`, PATH, '--dry-run'],
      ['move', `pid:${process.pid}`, PATH, '--dry-run', '--json'],
      ['reclaim', PATH, '1M', '--dry-run'],
      ['reclaim', PATH, '1M'],
      ['kill', PATH, '--signal', 'CONT', '--dry-run'],
      ['kill', PATH, '--signal', 'CONT', '--dry-run', '--json'],
      ['kill', PATH, '--signal', 'CONT'],
      ['kill', `${PATH}y`, '--dry-run'],
      ['kill', PATH],
      ['doctor'],
    ];
    const told = commands.map((command) => {
      const { stdout, stderr } = tscg(...command);
      const { index } = OBEYED.exec(stdout + stderr) ?? {};
      return index === undefined ? '' : `${command.join(' ')}: ${(stdout + stderr).slice(index - 50, index + 50)}`;
    });
    assert.is(told.filter(Boolean).join('\n'), '');
  }),
);

test.run();
