/** tscg as the user alice of the guest runs it, with her own systemd within reach. */

import { spawnSync } from 'node:child_process';
import { openTscg } from '../open-checkout.ts';

export function alice(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const environment = ['XDG_RUNTIME_DIR=/run/user/1000', 'HOME=/home/alice', 'NO_COLOR=1'];
  const { status, stdout, stderr } = spawnSync(
    'runuser',
    ['-u', 'alice', '--', 'env', ...environment, process.execPath, openTscg(), ...args],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}
