/** Names that a mistyped one may have meant. */

import { textOrder } from './text-order.ts';

const MOST_NEAR = 5;
/** Longer names are compared by their beginning: the cost grows with the square. */
const COMPARED = 80;

/**
 * The nearest by edit distance, at most a third of the name away; or that hold it. Nearest first, each once. None for one
 * letter.
 */
export function nearest(query: string, names: readonly string[]): string[] {
  const wanted = query.toLowerCase().slice(0, COMPARED);
  // All names of one letter are as near as each other.
  if (wanted.length < 2) return [];
  const within = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, distance: distanceTo(wanted, name.toLowerCase().slice(0, COMPARED)) }))
    .filter(({ distance }) => distance <= within)
    .sort((a, b) => a.distance - b.distance || textOrder(a.name, b.name))
    .slice(0, MOST_NEAR)
    .map(({ name }) => name);
}

function distanceTo(wanted: string, name: string): number {
  // The container of a pod.
  if (name.endsWith(`/${wanted}`)) return 0;
  if (wanted.length >= 3 && name.includes(wanted)) return 1;
  return editDistance(wanted, name);
}

/** Levenshtein distance, with two neighbours swapped as one edit. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(substituted, at(last, column) + 1, at(current, column - 1) + 1, swapped));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
