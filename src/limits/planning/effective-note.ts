/**
 * What really binds after a write. A limit has no effect where another cgroup holds the same processes to less: an ancestor,
 * or one below that has them all. It has none for now where an ancestor is so full that less is left there.
 */

import { textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { PlanContext, RiskView, Write } from '../model.ts';
import { onlyChild } from './only-child.ts';

type Read = RiskView['read'];

/** The text as a number, larger where it allows more; undefined for a file whose values do not bind below it. */
export function comparable(file: string, text: string): number | undefined {
  const binds = findLimit(file)?.binds;
  return binds?.by === 'smallest' ? binds.value(text) : undefined;
}

/** A cgroup around or below the workload that has a limit of its own. */
interface Level {
  readonly path: string;
  readonly value: number;
  readonly text: string;
}

/** At most one line: what holds it tighter, as the files of the context say. */
export function effectiveNote(write: Write, context: PlanContext): string[] {
  const { path, file, after } = write;
  const wanted = comparable(file, after);
  if (wanted === undefined) return [];
  const read: Read = (of, name) => textIfThere(context.files, of, name);
  // The root has no limit files, and above a delegated subtree they may be unreadable.
  const above = ancestorsOf(path).flatMap((ancestor) => levelAt(ancestor, file, read) ?? []);
  const [tightest, below] = [smallest(above, limitAt), levelBelow(write, read, context)];
  if (tightest && tightest.value < Math.min(wanted, below?.value ?? NO_LIMIT)) {
    return [`no effect: ${tightest.path} already limits it to ${meaning(file, tightest.text)}`];
  }
  if (below && below.value < wanted) {
    const holder = `${below.path}, which has all its processes`;
    return [`no effect: ${holder}, is already limited to ${meaning(file, below.text)}`];
  }
  return fullnessNote(write, above, read, context);
}

function levelAt(path: string, file: string, read: Read): Level | undefined {
  const text = read(path, file);
  const value = text === undefined ? undefined : comparable(file, text);
  return text !== undefined && value !== undefined && value < NO_LIMIT ? { path, value, text } : undefined;
}

/** The smallest limit of those below that have all the processes. */
function levelBelow({ path, file }: Write, read: Read, { files }: PlanContext): Level | undefined {
  const levels: Level[] = [];
  for (let child = onlyChild(path, files); child !== undefined; child = onlyChild(child, files)) {
    const level = levelAt(child, file, read);
    if (level) levels.push(level);
  }
  return smallest(levels, limitAt);
}

/** A raise has no effect while less is left in an ancestor; where a use is unknown nothing is said. */
function fullnessNote(
  { path, file, before, after }: Write,
  above: readonly Level[],
  read: Read,
  context: PlanContext,
): string[] {
  const binds = findLimit(file)?.binds;
  if (binds?.by !== 'smallest' || !binds.used) return [];
  const [was, is] = [comparable(file, before) ?? Number.NaN, comparable(file, after) ?? Number.NaN];
  if (above.length === 0 || !(is > was)) return [];
  const [own = Number.NaN, ...uses] = binds.used([path, ...above.map((level) => level.path)], read, context);
  const rooms = above.map((level, index) => ({
    ...level,
    room: Math.max(0, level.value - (uses[index] ?? Number.NaN)),
  }));
  if (rooms.some(({ room }) => Number.isNaN(room))) return [];
  const least = smallest(rooms, ({ room }) => room);
  if (!least || !(least.room < is - own)) return [];
  const fact = `${least.path} has ${binds.text(least.room)} left of ${meaning(file, least.text)}`;
  return [least.room < was - own ? `no effect for now: ${fact}` : `only part of it has an effect for now: ${fact}`];
}

const limitAt = ({ value }: Level): number => value;

const meaning = (file: string, text: string): string => findLimit(file)?.describe(text.trim()) ?? text;

const smallest = <T>(items: readonly T[], of: (item: T) => number): T | undefined =>
  items.reduce<T | undefined>((best, item) => (best === undefined || of(item) < of(best) ? item : best), undefined);
