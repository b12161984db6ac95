/**
 * A filter as it is typed. Plain text is looked for in name, path and image (`|` is or); a comparison makes it a query:
 *
 *     cpu > 50 and (image ~ redis or not memory < 1G)
 *
 * Fields are metric ids and their aliases, and what a workload is. Sizes are powers of 1024, rates powers of 1000.
 */

import { composeProjectOf, type Workload } from '../inventory/workload.ts';
import { FACTS } from '../inventory/workload-facts.ts';
import { nearest } from '../text/near-names.ts';
import { findMetric, METRICS } from './catalogue.ts';
import type { Metric } from './metric.ts';
import type { Frame } from './source.ts';

/** The query cannot be read. Its message says on one line what is wrong. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

export type Predicate = (frame: Frame, row: number) => boolean;

const TEXT_FIELDS: Readonly<Record<string, (workload: Workload) => string | undefined>> = {
  ...FACTS,
  host: ({ host }) => host,
  project: composeProjectOf,
  state: ({ details }) => details?.state,
  id: ({ id }) => id,
  uid: ({ uid }) => (uid === undefined ? undefined : String(uid)),
};

const OPERATORS = ['>=', '<=', '!=', '==', '!~', '>', '<', '=', '~'] as const;
type Operator = (typeof OPERATORS)[number];

const isOperator = (text: string): text is Operator => OPERATORS.some((operator) => operator === text);

/** A field name before an operator, perhaps after `(` or `not`: no name of a cgroup looks so. */
const QUERY = /^(?:[\s(]|not\b(?=[\s(]))*[a-z_]\w*\s*(?:>=|<=|!=|==|!~|[<>=~])/i;

export const isQuery = (text: string): boolean => QUERY.test(text);

/** Metrics that a filter compares; none where it is plain text. */
export function metricsOf(text: string): Metric[] {
  if (!isQuery(text)) return [];
  const tokens = tokensOf(text);
  return tokens.flatMap((token, at) => (isOperator(tokens[at + 1] ?? '') ? (findMetric(token) ?? []) : []));
}

const everything: Predicate = () => true;

/** Throws QueryError. */
export function parseFilter(text: string): Predicate {
  const typed = text.trim();
  if (typed === '') return everything;
  if (!isQuery(typed)) return plainText(typed);
  const tokens = tokensOf(typed);
  const parsed = parseOr(tokens, 0);
  const rest = tokens[parsed.next];
  if (rest !== undefined) throw new QueryError(`"${rest}" is one too many: join comparisons with and, or`);
  return parsed.predicate;
}

/** Whether a text holds what was typed, letter case aside. `a|b` is either of two, and every text holds an empty one. */
export function holds(typed: string): (text: string) => boolean {
  const needles = typed
    .toLowerCase()
    .split('|')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return (text) => needles.length === 0 || needles.some((needle) => text.toLowerCase().includes(needle));
}

function plainText(typed: string): Predicate {
  const isIn = holds(typed);
  return ({ workloads }, row) => {
    const workload = workloads[row];
    return (
      workload !== undefined && isIn(`${workload.name} ${workload.path} ${workload.image ?? ''} ${workload.host ?? ''}`)
    );
  };
}

function tokensOf(text: string): string[] {
  return [...text.matchAll(/"[^"]*"|'[^']*'|>=|<=|!=|==|!~|[<>=~()]|[^\s<>=~()!"']+|\S/g)].map(([token]) => token);
}

interface Parsed {
  readonly predicate: Predicate;
  readonly next: number;
}

const isWord = (token: string | undefined, word: string): boolean => token?.toLowerCase() === word;

function parseOr(tokens: readonly string[], at: number): Parsed {
  let { predicate, next } = parseAnd(tokens, at);
  while (isWord(tokens[next], 'or') || tokens[next] === '||') {
    const [left, right] = [predicate, parseAnd(tokens, next + 1)];
    predicate = (frame, row) => left(frame, row) || right.predicate(frame, row);
    next = right.next;
  }
  return { predicate, next };
}

function parseAnd(tokens: readonly string[], at: number): Parsed {
  let { predicate, next } = parseNot(tokens, at);
  while (isWord(tokens[next], 'and') || tokens[next] === '&&') {
    const [left, right] = [predicate, parseNot(tokens, next + 1)];
    predicate = (frame, row) => left(frame, row) && right.predicate(frame, row);
    next = right.next;
  }
  return { predicate, next };
}

function parseNot(tokens: readonly string[], at: number): Parsed {
  if (isWord(tokens[at], 'not')) {
    const inner = parseNot(tokens, at + 1);
    return { predicate: (frame, row) => !inner.predicate(frame, row), next: inner.next };
  }
  if (tokens[at] !== '(') return parseComparison(tokens, at);
  const inner = parseOr(tokens, at + 1);
  if (tokens[inner.next] !== ')') throw new QueryError('a ")" is missing');
  return { predicate: inner.predicate, next: inner.next + 1 };
}

function parseComparison(tokens: readonly string[], at: number): Parsed {
  const [field, operator, value] = tokens.slice(at, at + 3);
  if (field === undefined) throw new QueryError('a comparison is missing at the end, as in: cpu > 50');
  if (operator === undefined || !isOperator(operator)) {
    throw new QueryError(`after "${field}" an operator is missing: one of ${OPERATORS.join(' ')}`);
  }
  if (value === undefined || value === ')') throw new QueryError(`after "${field} ${operator}" a value is missing`);
  return { predicate: compare(field, operator, value.replace(/^(["'])(.*)\1$/, '$2')), next: at + 3 };
}

function compare(field: string, operator: Operator, value: string): Predicate {
  const text = TEXT_FIELDS[field.toLowerCase()];
  if (text) return compareText(text, field, operator, value);
  const metric = findMetric(field);
  if (!metric) throw new QueryError(`no field "${field}"${hintFor(field)}`);
  const wanted = numberOf(value, metric.unit === 'bytes' ? 1024 : 1000);
  if (Number.isNaN(wanted)) {
    throw new QueryError(
      `"${value}" is not a number for ${metric.id}; as in ${field} > ${EXAMPLE[metric.unit] ?? '5'}`,
    );
  }
  const isMet = NUMERIC[operator];
  if (!isMet) throw new QueryError(`${metric.id} is a number: "${operator}" is for text`);
  // An unavailable figure is neither above nor below: its row satisfies no comparison.
  return ({ usage }, row) => {
    const found = usage.value(metric.id, row);
    return !Number.isNaN(found) && isMet(found, wanted);
  };
}

const EXAMPLE: Readonly<Record<string, string>> = {
  bytes: '100M',
  bytes_per_second: '5MB',
  percent: '50',
  cpus: '0.5',
};

const NUMERIC: Readonly<Partial<Record<Operator, (found: number, wanted: number) => boolean>>> = {
  '>': (found, wanted) => found > wanted,
  '<': (found, wanted) => found < wanted,
  '>=': (found, wanted) => found >= wanted,
  '<=': (found, wanted) => found <= wanted,
  '=': (found, wanted) => found === wanted,
  '==': (found, wanted) => found === wanted,
  '!=': (found, wanted) => found !== wanted,
};

function compareText(
  textOf: (workload: Workload) => string | undefined,
  field: string,
  operator: Operator,
  value: string,
): Predicate {
  const wanted = value.toLowerCase();
  const found = ({ workloads }: Frame, row: number): string => {
    const workload = workloads[row];
    return (workload && textOf(workload))?.toLowerCase() ?? '';
  };
  switch (operator) {
    case '~':
      return (frame, row) => found(frame, row).includes(wanted);
    case '!~':
      return (frame, row) => !found(frame, row).includes(wanted);
    case '=':
    case '==':
      return (frame, row) => found(frame, row) === wanted;
    case '!=':
      return (frame, row) => found(frame, row) !== wanted;
    default:
      throw new QueryError(`${field} is text: use ~ (contains), !~, = or !=, not "${operator}"`);
  }
}

const NUMBER = /^(-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?:%|([kmgtp]?)(i?b)?(?:\/s)?)$/i;

/** `50`, `50%`, `100M`, `1.5GiB`, `2MB/s`, `max`. */
function numberOf(text: string, base: number): number {
  if (text.toLowerCase() === 'max') return Number.POSITIVE_INFINITY;
  const match = NUMBER.exec(text);
  if (!match) return Number.NaN;
  const power = match[2] ? 'kmgtp'.indexOf(match[2].toLowerCase()) + 1 : 0;
  return Number(match[1]) * base ** power;
}

function hintFor(field: string): string {
  const near = nearest(field, [
    ...Object.keys(TEXT_FIELDS),
    ...METRICS.flatMap(({ id, aliases = [] }) => [...aliases, id]),
  ]);
  return near.length > 0
    ? `; did you mean ${near.join(', ')}?`
    : `; there are ${Object.keys(TEXT_FIELDS).join(', ')} and what tscg metrics lists`;
}
