/** Plan → apply → verify → journal: all of a Plan or nothing of it. Memory goes down gently, unless that is forced. */

import { setTimeout as sleep } from 'node:timers/promises';
import { CgroupFileError, type CgroupFiles, isAlive, textIfThere } from '../../kernel/cgroup-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import { errorText } from '../../text/error-text.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Plan, Write } from '../model.ts';
import { openOwner } from '../owners/open-owner.ts';
import { isUnknown, type Owner, survivesRestart } from '../owners/owner.ts';
import { currentText } from '../planning/current-text.ts';
import { whyMissing } from '../planning/missing.ts';
import { restorable } from '../planning/restorable.ts';
import { sameValue } from '../planning/same-value.ts';
import { type Change, type Journal, JournalError, type Outcome } from './journal.ts';
import { highOnTheWay, isBelowUsage, lowerGently, setWatched } from './lower/gently.ts';
import { endReverter, type Reverter } from './revert/reverter.ts';

export interface ApplyContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  readonly journal: Journal;
  readonly command: readonly string[];
  /** Id that the change gets, from newChangeId(); one of its own if absent. */
  readonly id?: string;
  /** The change that this Plan takes back. */
  readonly undoes?: string;
  /** What the journal says beside it once it is applied; nothing where that is empty. */
  readonly note?: string | undefined;
  /** Who takes it back after its time; ended where nothing is left to take back. */
  readonly reverter?: Reverter;
  /** memory.max below what is in use is written at once, whatever the kernel kills for it. */
  readonly force?: boolean | undefined;
  /** While memory comes down: bytes in use, and those to come down to. */
  readonly onProgress?: ((usage: number, target: number) => void) | undefined;
  /** Once aborted, what was written is taken back. A write under way ends first. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each cgroup that ended meanwhile, whose writes are left out; without it such a one fails the whole change. */
  readonly onEnded?: ((write: Write) => void) | undefined;
  /** Makes the owner of a write; another one in tests. */
  readonly ownerOf?: (write: Pick<Write, 'via' | 'endpoint'>, files: CgroupFiles) => Owner;
}

/**
 * A write failed or did not stick; what had been written was taken back, unless the message says otherwise. Or all of it
 * was done, and the journal could not be told.
 */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
}

/** Eight hexadecimal digits. Not a secret: node:crypto takes longer to load than a change to make. */
export const newChangeId = (): string =>
  Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

/** Makes the Plan's writes in order. Throws JournalError before anything was written, ApplyError after. */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<Change> {
  const {
    files,
    machine,
    journal,
    command,
    undoes,
    note,
    reverter,
    force,
    signal,
    onEnded,
    id = newChangeId(),
    ownerOf = openOwner,
  } = context;
  const asked = plan.writes.map(({ notes: _, property: __, ...write }): Write => write);
  /** Those that the kernel would kill for. */
  const gentle: ReadonlySet<Write> = new Set(force ? [] : asked.filter((write) => isBelowUsage(write, files)));
  const change: Change = {
    id,
    time: Date.now(),
    boot: machine.bootId ?? '',
    uid: process.getuid?.() ?? 0,
    command,
    mount: files.mount,
    // What memory.high passes through is journalled with it.
    writes: asked.flatMap((write) => [...(gentle.has(write) ? highOnTheWay(write, files) : []), write]),
    ...(undoes ? { undoes } : {}),
    ...(reverter ? { reverter } : {}),
  };
  journal.begin(change);
  const begun: Begun[] = [];
  try {
    // What has ended is told of, and left out, when its turn comes.
    checkUnchanged(onEnded ? asked.filter((write) => isAlive(files, write)) : asked, files);
    for (const group of bySubject(change.writes, gentle)) {
      const [first] = group;
      if (!first) continue;
      if (signal?.aborted) throw new ApplyError('interrupted');
      begun.push(...group.map((write) => ({ write, accepted: false })));
      try {
        if (gentle.has(first)) await lower(first, change, context);
        else if (!first.passing) await ownerOf(first, files).apply(group);
        begun.splice(-group.length, group.length, ...group.map((write) => ({ write, accepted: true })));
        for (const write of group) if (!write.passing && !write.ended) await verify(write, files, machine);
      } catch (error) {
        if (first.ended ? !isUnknown(error, first.via) : !onEnded || isAlive(files, first)) throw error;
        begun.splice(-group.length, group.length);
        onEnded?.(first);
      }
    }
  } catch (error) {
    const reason = errorText(error);
    const stuck = await rollBack(begun, context);
    const unnoted = noteEnd(journal, change.id, stuck.length > 0 ? 'failed' : 'rolled-back', reason);
    if (reverter && stuck.length === 0) await endReverter(reverter);
    const state =
      stuck.length > 0
        ? `and could not be taken back: ${stuck.join('; ')}; finish with: tscg undo ${change.id} --force`
        : 'nothing of this change is left';
    throw new ApplyError(`${reason}; ${state}${unnoted ? `; and ${unnoted}` : ''}`);
  }
  const unnoted = noteEnd(journal, change.id, 'applied', note);
  if (unnoted) {
    const next = undoes ? `to note that ${undoes} is undone` : 'to take it back';
    throw new ApplyError(
      `change ${change.id} was made and stays, but ${unnoted}; make room, then ${next}: tscg undo ${undoes ?? change.id}`,
    );
  }
  const pending = undoes && journal.read().changes.find((other) => other.id === undoes)?.reverter;
  if (pending) await endReverter(pending);
  return { ...change, outcome: 'applied' };
}

/** What the Plan says was there before is what undo restores: another tscg may have changed it since. */
function checkUnchanged(writes: readonly Write[], files: CgroupFiles): void {
  const seen = new Set<string>();
  for (const { path, file, before, ended } of writes) {
    const place = `${path}/${file}`;
    const now = ended || seen.has(place) ? undefined : textIfThere(files, path, file);
    seen.add(place);
    if (now !== undefined && now !== before)
      throw new ApplyError(`${place} reads "${now}" by now, not the "${before}" of the plan: try again`);
  }
}

/** Why the journal could not be told what came of the change; undefined where it was. */
function noteEnd(journal: Journal, id: string, outcome: Outcome, error?: string): string | undefined {
  try {
    journal.end(id, outcome, error);
    return undefined;
  } catch (failure) {
    if (failure instanceof JournalError) return failure.message;
    throw failure;
  }
}

function lower(write: Write, { writes }: Change, context: ApplyContext): Promise<void> {
  const { files, onProgress, signal, ownerOf = openOwner } = context;
  const high = writes.find(({ passing, path, file }) => passing && file === 'memory.high' && path === write.path);
  const throughOwner = async (): Promise<boolean> => {
    await ownerOf(write, files).apply([write]);
    return true;
  };
  const set =
    write.via === 'cgroupfs' ? (_: Write, attempt: number) => setWatched(write, files, attempt) : throughOwner;
  return lowerGently(write, high, { files, onProgress, signal, set });
}

/** Neighbouring writes of one owner and subject go together: one call, one moment. Gentle ones go by themselves. */
function bySubject(writes: readonly Write[], gentle: ReadonlySet<Write>): Write[][] {
  const groups: Write[][] = [];
  for (const write of writes) {
    const last = groups.at(-1);
    const before = last?.[0];
    const { via, endpoint, subject, path } = before ?? {};
    const isApart = [write, before].some((one) => one && (one.passing || gentle.has(one)));
    if (
      last &&
      !isApart &&
      via === write.via &&
      endpoint === write.endpoint &&
      subject === write.subject &&
      path === write.path
    )
      last.push(write);
    else groups.push([write]);
  }
  return groups;
}

/** systemd answers before its main loop has written the files; the others have written by then. */
const SETTLE_MS = 10_000;
const SETTLE_STEP_MS = 10;

/** Reads back, as the kernel rounds. */
async function verify({ path, file, after, via }: Write, files: CgroupFiles, machine: Machine): Promise<void> {
  const deadline = performance.now() + (via === 'cgroupfs' ? 0 : SETTLE_MS);
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

/** A write under way; `accepted` once its owner took it, whatever the file says yet. */
interface Begun {
  readonly write: Write;
  readonly accepted: boolean;
}

/**
 * In the reverse order, each file by itself; gives what could not be restored. Nothing is to be restored where the cgroup
 * is gone, or the file still has its old value, and no owner keeps the new one.
 */
async function rollBack(
  begun: readonly Begun[],
  { files, machine, ownerOf = openOwner }: ApplyContext,
): Promise<string[]> {
  const stuck: string[] = [];
  for (const { write, accepted } of begun.toReversed()) {
    if (write.ended && !accepted) continue;
    try {
      const now = write.ended ? write.after : currentText(write, files);
      const isKept = accepted && write.via !== 'cgroupfs';
      if (!isKept && sameValue(write.file, now, write.before, machine)) continue;
      const back = { ...write, before: now, after: restorable(write, files) };
      await ownerOf(write, files).apply([back]);
      if (!write.ended) await verify(back, files, machine);
    } catch (error) {
      const gone = error instanceof CgroupFileError && ['ENOENT', 'ENODEV', 'ESTALE'].includes(error.code);
      if (!gone) stuck.push(errorText(error));
      else if (accepted && survivesRestart(write))
        stuck.push(`${write.via} keeps the new value of ${write.path}/${write.file} for its next start (finish then)`);
    }
  }
  return stuck;
}
