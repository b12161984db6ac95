/** Taking memory back from a cgroup: memory.reclaim, a part at a time. */
import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { ActionError, codeOf } from './action-error.ts';

export interface ReclaimResult {
  readonly asked: number;
  /** Bytes by which memory.current fell; it may use more meanwhile. */
  readonly came: number;
  /** Bytes of it that went to swap. */
  readonly swapped: number;
  readonly before: number;
  readonly after: number;
  /** The kernel found no more to take (EAGAIN). */
  readonly isAll: boolean;
}

/** One write holds its writer for long: between two parts others have their turn, and Ctrl-C is heard. */
const PART = 64 * 2 ** 20;

export async function reclaim(
  place: { readonly name: string; readonly path: string; readonly inode: number },
  bytes: number,
  files: CgroupFiles,
  onPart: (done: number) => void = () => {},
): Promise<ReclaimResult> {
  const { name, path, inode } = place;
  const figure = (file: string): number => {
    try {
      return parseSingleValue(files.read(path, file));
    } catch (error) {
      if (error instanceof CgroupFileError && codeOf(error) === 'ENOENT') return Number.NaN;
      throw error;
    }
  };
  const [before, swap] = [figure('memory.current'), figure('memory.swap.current')];
  let isAll = true;
  for (let done = 0; done < bytes && isAll; done += PART) {
    try {
      files.write(path, inode, 'memory.reclaim', String(Math.min(PART, bytes - done)));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') {
        throw new ActionError(
          Number.isNaN(before)
            ? `${name} (${path}) has no memory.reclaim: the memory controller is not enabled for it; see tscg controllers ${path}`
            : `${name} (${path}) has no memory.reclaim: the kernel is older than 5.19`,
        );
      }
      if (code !== 'EAGAIN') throw error;
      isAll = false;
    }
    onPart(Math.min(bytes, done + PART));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const after = figure('memory.current');
  return {
    asked: bytes,
    came: Math.max(0, before - after),
    swapped: Math.max(0, figure('memory.swap.current') - swap) || 0,
    before,
    after,
    isAll,
  };
}
