/**
 * The journal keeps every change on the disk, from before its first write. It is lines of JSON in `<state>/journal.jsonl`, to
 * which only more are added: a `begin` with what will be written, then an `end` with what came of it. A `begin` without an
 * `end` is that of a program which died; undo then looks at the files.
 */

import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isRecord } from '../../inventory/names/json.ts';
import { codeOf } from '../../kernel/error-code.ts';
import { foreignHand } from '../../kernel/foreign-hand.ts';
import { makeDirectory } from '../../kernel/make-directory.ts';
import { userFolder } from '../../kernel/user-folder.ts';
import { errorText } from '../../text/error-text.ts';
import { OWNER_NAMES, type Write } from '../model.ts';
import { isReverter, type Reverter } from './revert/reverter.ts';

export type Outcome = 'applied' | 'rolled-back' | 'failed';

export interface Change {
  /** Eight hex digits. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Boot in which it was made: inodes and cgroups do not outlive it. */
  readonly boot: string;
  readonly uid: number;
  /** Command line that asked for it. */
  readonly command: readonly string[];
  readonly mount: string;
  readonly writes: readonly Write[];
  /** The change that this one took back. */
  readonly undoes?: string;
  /** The timer or process that takes it back after its time. */
  readonly reverter?: Reverter;
  /** Undefined where the program died before it ended. */
  readonly outcome?: Outcome;
  /** Why it failed; for a change that was applied, a note about it. */
  readonly error?: string;
}

export interface Journal {
  readonly path: string;
  begin(change: Change): void;
  end(id: string, outcome: Outcome, error?: string): void;
  /** Oldest first. `unreadable` counts the lines that are torn or no entries; they are left out. */
  read(): { changes: Change[]; unreadable: number };
}

/** Ids of those that a later change took back. */
export const undoneIn = (changes: readonly Change[]): ReadonlySet<string> =>
  new Set(changes.flatMap(({ undoes, outcome }) => (undoes && outcome === 'applied' ? [undoes] : [])));

/** The journal cannot be written or read. If the begin of a change cannot be written, the change is not made. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/**
 * `/var/lib/tscg` for root, `$XDG_STATE_HOME/tscg` for others; TSCG_STATE_DIR overrides both. An absolute path: what takes a change
 * back later is in another folder.
 */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.() ?? 0): string {
  if (env.TSCG_STATE_DIR) return resolve(env.TSCG_STATE_DIR);
  if (uid === 0) return '/var/lib/tscg';
  return join(userFolder(env.XDG_STATE_HOME, '.local/state', env), 'tscg');
}

/** `write`: write(2) of a text, gives how many bytes it took; another one in tests. */
export function openJournal(
  directory: string,
  write: (fd: number, text: string) => number = (fd, text) => writeSync(fd, text),
): Journal {
  const path = join(directory, 'journal.jsonl');

  function append(line: object, consequence: string): void {
    try {
      refuseForeignHand(path);
      makeDirectory(directory, 0o700);
      const fd = openSync(
        path,
        constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        // The newline in front ends a line that a crash cut short. One write: lines of two programs do not mix.
        const text = `\n${JSON.stringify(line)}\n`;
        const missing = Buffer.byteLength(text) - write(fd, text);
        // A line that lacks only its newline is complete.
        if (missing > 1) throw new Error(`${missing} bytes of a line found no room`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      syncDirectory(dirname(path));
    } catch (error) {
      throw new JournalError(`cannot write the journal ${path}: ${errorText(error)}${consequence}`);
    }
  }

  return {
    path,
    begin: (change) =>
      append(
        { type: 'begin', ...change },
        '; nothing was changed. Make room, or set TSCG_STATE_DIR to a folder that you alone may write',
      ),
    end: (id, outcome, error) =>
      append({ type: 'end', id, time: Date.now(), outcome, ...(error ? { error } : {}) }, ''),
    read: () => {
      let text: string;
      try {
        refuseForeignHand(path);
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return { changes: [], unreadable: 0 };
        throw new JournalError(`cannot read the journal ${path}: ${errorText(error)}`);
      }
      return parseJournal(text);
    },
  };
}

/** Whoever can change the journal decides what undo writes. */
function refuseForeignHand(path: string): void {
  const hand = foreignHand(path);
  if (hand)
    throw new Error(
      `${hand.path} ${hand.how}: whoever can change the journal decides what undo writes; set TSCG_STATE_DIR to a folder that you alone may write`,
    );
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function parseJournal(text: string): { changes: Change[]; unreadable: number } {
  const changes = new Map<string, Change>();
  let unreadable = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseLine(line);
    const begun = entry && 'outcome' in entry && !('writes' in entry) ? changes.get(entry.id) : undefined;
    if (entry && 'writes' in entry) changes.set(entry.id, entry);
    else if (entry && begun) changes.set(entry.id, { ...begun, ...entry });
    else unreadable++;
  }
  return { changes: [...changes.values()], unreadable };
}

type End = Pick<Change, 'id'> & { outcome: Outcome; error?: string };

function parseLine(line: string): Change | End | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value.id !== 'string') return undefined;
  if (value.type === 'end' && isOutcome(value.outcome)) {
    return { id: value.id, outcome: value.outcome, ...(typeof value.error === 'string' ? { error: value.error } : {}) };
  }
  const { id, time, boot, uid, command, mount, writes, undoes, reverter } = value;
  if (
    value.type === 'begin' &&
    typeof time === 'number' &&
    typeof boot === 'string' &&
    typeof uid === 'number' &&
    typeof mount === 'string' &&
    isListOf(command, (item): item is string => typeof item === 'string') &&
    isListOf(writes, isWrite)
  ) {
    return {
      ...{ id, time, boot, uid, command, mount, writes },
      ...(typeof undoes === 'string' ? { undoes } : {}),
      ...(isReverter(reverter) ? { reverter } : {}),
    };
  }
  return undefined;
}

const isOutcome = (value: unknown): value is Outcome =>
  value === 'applied' || value === 'rolled-back' || value === 'failed';

const isListOf = <T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(isItem);

const isWrite = (value: unknown): value is Write =>
  isRecord(value) &&
  [value.name, value.path, value.file, value.before, value.after, value.endpoint, value.subject].every(
    (part) => typeof part === 'string',
  ) &&
  typeof value.inode === 'number' &&
  OWNER_NAMES.some((name) => name === value.via);
