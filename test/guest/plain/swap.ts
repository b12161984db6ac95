/** The guest's second disk is for swap, which is off until a test needs it. */

import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';

const SWAP = process.env.TSCG_GUEST_SWAP ?? '/dev/vdb';

export async function withSwap<T>(use: () => Promise<T>): Promise<T> {
  assert.is(spawnSync('swapon', [SWAP]).status, 0);
  try {
    return await use();
  } finally {
    spawnSync('swapoff', [SWAP]);
  }
}
