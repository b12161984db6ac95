/** Changes that must succeed, as a user makes them. */

import * as assert from 'uvu/assert';
import { tscg } from '../../boxes.ts';

export function set(path: string, ...flags: string[]): void {
  const { status, stderr } = tscg('set', path, ...flags);
  assert.is(status, 0, `tscg set ${path} ${flags.join(' ')}: ${stderr}`);
}

/** Of the last one. */
export function undo(): void {
  const { status, stdout, stderr } = tscg('undo');
  assert.is(status, 0, `${stdout}${stderr}`);
}
