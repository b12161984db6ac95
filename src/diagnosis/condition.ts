/**
 * The condition of `tscg check`, and its answer as monitoring plugins give it.
 *
 *     web.cpu_wait > 10                   time lost to a cause, in percent
 *     nginx.service.memory_bytes >= 1G    a metric (tscg metrics lists them); the name may have dots
 */

import { parseSize } from '../limits/catalogue/units.ts';
import { findMetric } from '../metrics/catalogue.ts';
import { formatValue } from '../metrics/format.ts';
import type { Metric, Unit } from '../metrics/metric.ts';
import { CAUSES, type Cause, type Finding, MS_PER_PERCENT } from './model.ts';

/** The condition cannot be read: what is wrong and what to type instead, on one line. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
}

const OPERATORS = {
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
} as const;

type Operator = keyof typeof OPERATORS;

/** Either the time lost to a cause or a metric. */
export type Checked =
  | { readonly cause: Cause; readonly metric?: undefined }
  | { readonly metric: Metric; readonly cause?: undefined };

export interface Condition {
  /** Whom it is about, as typed. */
  readonly name: string;
  /** As typed: `cpu_wait`. */
  readonly figure: string;
  readonly of: Checked;
  readonly operator: Operator;
  readonly limit: number;
}

const SHAPE = /^\s*(.+)\.(\w+)\s*(>=|<=|>|<)\s*(\S+)\s*$/;

/** Causes whose loss a clock measures: cpu_wait of cpu-wait. */
const TIMED: ReadonlyMap<string, Cause> = new Map(
  CAUSES.filter(({ code }) => !['pids', 'network', 'fine', 'unknown'].includes(code)).map(({ code }) => [
    code.replaceAll('-', '_'),
    code,
  ]),
);

/** `causes`: those that may be compared. Throws ConditionError, and BadValueError of a size that is none. */
export function parseCondition(text: string, causes: readonly Cause[] = CAUSES.map(({ code }) => code)): Condition {
  const [, name, figure, operator, value] = SHAPE.exec(text) ?? [];
  if (name === undefined || figure === undefined || value === undefined || !isOperator(operator)) {
    throw new ConditionError(`"${text}" is no condition; give one as 'web.cpu_wait > 10', with > >= < or <=`);
  }
  const of = checkedOf(figure);
  if (!of || (of.cause && !causes.includes(of.cause))) {
    const names = [...TIMED].flatMap(([name, cause]) => (causes.includes(cause) ? [name] : []));
    const why = of ? `${figure} takes a closer look, which is not taken here` : `no figure "${figure}"`;
    throw new ConditionError(
      `${why}; there are ${names.join(', ')} in percent of the time, and what tscg metrics lists`,
    );
  }
  return { name, figure, of, operator, limit: figureTyped(value, of.metric?.unit ?? 'percent') };
}

/** Whether the comparison holds; never of a figure that is unavailable. */
export const isMet = ({ operator, limit }: Condition, value: number, other = limit): boolean =>
  OPERATORS[operator](value, other);

const isOperator = (text: string | undefined): text is Operator => text !== undefined && text in OPERATORS;

function checkedOf(figure: string): Checked | undefined {
  const cause = TIMED.get(figure);
  if (cause) return { cause };
  const metric = findMetric(figure);
  return metric && { metric };
}

/** A figure to compare with, as typed. Throws ConditionError, BadValueError. */
export function figureTyped(text: string, unit: Unit): number {
  if (unit === 'bytes' || unit === 'bytes_per_second') return parseSize(text);
  const value = /^\d*\.?\d+%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (Number.isNaN(value)) throw new ConditionError(`"${text}" is not a number to compare with`);
  return value;
}

/** Percent of the time lost to the cause; 0 where it does not hold, NaN where that is not known. */
export function lossOf({ verdicts }: Finding, cause: Cause): number {
  const found = verdicts.find((verdict) => verdict.cause === cause);
  if (found) return found.loss / MS_PER_PERCENT;
  return verdicts.some((verdict) => verdict.cause === 'unknown') ? Number.NaN : 0;
}

/** What a monitoring plugin answers: a line and an exit code. */
export interface Answer {
  readonly code: 0 | 1 | 3;
  readonly line: string;
}

/** `why`: what else is known, as who is to blame, or why the value is not there. */
export function answerOf(condition: Condition, value: number, why: string): Answer {
  const { name, figure, of } = condition;
  const unit = of.metric?.unit ?? 'percent';
  if (Number.isNaN(value)) return unknownAnswer(`${name}.${figure} is not known: ${why}`);
  const holds = isMet(condition, value);
  const text = `${name}.${figure} is ${withUnit(value, unit)}${why ? `, ${why}` : ''}`;
  return {
    code: holds ? 1 : 0,
    line: `${holds ? 'WARNING' : 'OK'} - ${safe(text)} | ${performance(condition, value, unit)}`,
  };
}

export const unknownAnswer = (why: string): Answer => ({ code: 3, line: `UNKNOWN - ${safe(why)}` });

/** What follows a bar is read as figures. */
const safe = (text: string): string => text.replaceAll('|', '/').replaceAll('\n', ' ');

export function withUnit(value: number, unit: Unit): string {
  const text = formatValue(value, unit);
  return unit === 'percent' ? `${text} %` : unit.endsWith('_per_second') ? `${text}/s` : text;
}

/** `'web.cpu_wait'=3.2%;10;;0`: the range that is no warning is 0 to the limit, from the limit up where less is bad. */
function performance({ name, figure, operator, limit }: Condition, value: number, unit: Unit): string {
  const label = `'${`${name}.${figure}`.replace(/[|=]/g, '_').replaceAll("'", "''")}'`;
  const measure = unit === 'percent' ? '%' : unit === 'bytes' ? 'B' : '';
  const range = operator.startsWith('<') ? `${limit}:` : String(limit);
  const figureText = value === Number.POSITIVE_INFINITY ? 'U' : `${Math.round(value * 1000) / 1000}${measure}`;
  return `${label}=${figureText};${range};;0`;
}
