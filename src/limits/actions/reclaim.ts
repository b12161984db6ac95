/** Takes memory back from a cgroup by memory.reclaim, a part at a time. */

import { CgroupFileError, type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { codeOf } from '../../kernel/error-code.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { bytesText } from '../../text/bytes.ts';
import { BadValueError, parseSize } from '../catalogue/units.ts';
import type { NamedCgroup, PlanContext, Risk } from '../model.ts';
import { guardRisks } from '../planning/guard.ts';
import { ActionError } from './action-error.ts';

/** What would be taken, and from what. Bytes; NaN where the kernel does not tell. */
export interface ReclaimPlan {
  readonly place: NamedCgroup;
  readonly asked: number;
  /** memory.current */
  readonly used: number;
  /** Of it what a disk still has: pages of files that are neither in shared memory nor waiting to be written. */
  readonly cache: number;
  readonly risks: readonly Risk[];
}

export interface ReclaimResult {
  readonly asked: number;
  /** Bytes by which memory.current fell; it may use more meanwhile. */
  readonly came: number;
  /** Bytes of it that went to swap. */
  readonly swapped: number;
  readonly before: number;
  readonly after: number;
  /** Whether the kernel found all that was asked; if not, EAGAIN ended it. */
  readonly isAll: boolean;
}

/** One write holds its writer for long: between two parts others have their turn, and Ctrl-C is heard. */
const PART = 64 * 2 ** 20;

/** `500M`, `1.5G`: bytes to take. Throws BadValueError. */
export function parseReclaim(text: string): number {
  const bytes = parseSize(text);
  if (!(bytes > 0 && Number.isFinite(bytes))) {
    throw new BadValueError(`"${text}" is no amount to reclaim; give one as 500M`);
  }
  return bytes;
}

export function planReclaim(place: NamedCgroup, asked: number, context: PlanContext): ReclaimPlan {
  const { name, path } = place;
  const used = figure(context.files, path, 'memory.current');
  const stat = parseFlatKeyed(textIfThere(context.files, path, 'memory.stat') ?? '');
  const of = (key: string): number => stat.get(key) ?? Number.NaN;
  const cache = Math.max(0, of('file') - of('shmem') - of('file_dirty') - of('file_writeback'));
  const risks = guardRisks(place, 'reclaiming from', context);
  if (!hasReclaim(context.files, path)) {
    risks.push({ level: 'refuse', text: missing(place, Number.isNaN(used), context.files) });
  } else if (asked > used) {
    risks.push({ level: 'warn', text: `${name} uses ${bytesText(used)}, less than ${bytesText(asked)}` });
  } else if (asked > cache) {
    const rest = bytesText(asked - cache);
    risks.push({
      level: 'warn',
      text: `${bytesText(cache)} of ${name} is page cache; the other ${rest} can only go to swap, and stays where there is none`,
    });
  }
  return { place, asked, used, cache, risks };
}

/** Takes what it can get. Throws ActionError where there is no memory.reclaim. */
export async function reclaimMemory(
  place: NamedCgroup,
  bytes: number,
  files: CgroupFiles,
  onPart: (done: number) => void = () => {},
): Promise<ReclaimResult> {
  const { path, inode } = place;
  const before = figure(files, path, 'memory.current');
  const swap = figure(files, path, 'memory.swap.current');
  let isAll = true;
  for (let done = 0; done < bytes && isAll; done += PART) {
    try {
      await files.writeOnThread(path, inode, 'memory.reclaim', String(Math.min(PART, bytes - done)));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') throw new ActionError(missing(place, Number.isNaN(before), files));
      if (code !== 'EAGAIN') throw error;
      isAll = false;
    }
    onPart(Math.min(bytes, done + PART));
  }
  const after = figure(files, path, 'memory.current');
  return {
    asked: bytes,
    came: Math.max(0, before - after),
    swapped: Math.max(0, figure(files, path, 'memory.swap.current') - swap) || 0,
    before,
    after,
    isAll,
  };
}

/** `asked 500 MiB of web, came back 312 MiB, 40 MiB of it to swap: 1.2 GiB → 908 MiB` */
export const reclaimText = (name: string, { asked, came, swapped, before, after, isAll }: ReclaimResult): string =>
  `asked ${bytesText(asked)} of ${name}, came back ${bytesText(came)}${swapped > 0 ? `, ${bytesText(swapped)} of it to swap` : ''}: ${bytesText(before)} → ${bytesText(after)}${isAll ? '' : ' (the kernel found no more: what is left is in use)'}`;

/** memory.reclaim can only be written: where it exists, reading it fails with another errno. */
function hasReclaim(files: CgroupFiles, path: string): boolean {
  try {
    files.read(path, 'memory.reclaim');
    return true;
  } catch (error) {
    return codeOf(error) !== 'ENOENT';
  }
}

/** Why there is no memory.reclaim. Throws CgroupFileError where the cgroup has ended. */
function missing({ name, path }: NamedCgroup, isOff: boolean, files: CgroupFiles): string {
  files.inode(path);
  return `${name} (${path}) has no memory.reclaim: ${isOff ? `the memory controller is not enabled for it; see tscg controllers ${path}` : 'the kernel is older than 5.19'}`;
}

function figure(files: CgroupFiles, path: string, file: string): number {
  try {
    return parseSingleValue(files.read(path, file));
  } catch (error) {
    if (error instanceof CgroupFileError && codeOf(error) === 'ENOENT') return Number.NaN;
    throw error;
  }
}
