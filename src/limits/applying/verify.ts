/** Reads files back after a write. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';
import { currentText } from '../planning/current-text.ts';
import { whyMissing } from '../planning/missing.ts';
import { sameValue } from '../planning/same-value.ts';
import { ApplyError } from './context.ts';

/** systemd answers before its main loop has written the files; the others have written by then. */
const SETTLE_MS = 10_000;
const SETTLE_STEP_MS = 10;

/** Reads the file back and compares as the kernel rounds. Throws ApplyError where it says something else. */
export async function verify(
  { path, file, after, via }: Write,
  { files, machine }: { readonly files: CgroupFiles; readonly machine: Machine },
  settleMs = SETTLE_MS,
): Promise<void> {
  const deadline = performance.now() + (via === 'cgroupfs' ? 0 : settleMs);
  for (;;) {
    const now = currentText({ path, file }, files);
    if (sameValue(file, now, after, machine)) return;
    if (performance.now() >= deadline) {
      if (textIfThere(files, path, file) === undefined) {
        const limit = findLimit(file);
        const why = limit && whyMissing(path, limit, files);
        throw new ApplyError(`${path}/${file} does not exist after ${via} set it${why ? `: ${why}` : ''}`);
      }
      throw new ApplyError(
        `${path}/${file} reads "${now}" after "${after}" was set: the kernel or another writer changed it`,
      );
    }
    await sleep(SETTLE_STEP_MS);
  }
}
