/** A policy file's text as rules, or everything that is wrong with it and where. YAML, and so JSON too. */

import * as v from 'valibot';
import { isScalar, LineCounter, parseDocument } from 'yaml';
import type { Machine } from '../../kernel/machine.ts';
import { errorText } from '../../text/error-text.ts';
import { nearest } from '../../text/near-names.ts';
import { flagsOfFile } from '../catalogue/catalogue.ts';
import { isProperty } from '../catalogue/properties.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Edit, Limit } from '../model.ts';
import { editsOf } from '../planning/edits.ts';
import { compileMatch, type Matcher } from './match.ts';
import { findPlace, type PolicyDocument, type YamlPlace } from './places.ts';
import { KINDS, keyOf, keysAt, POLICY } from './shape.ts';

export interface Setting {
  readonly limit: Limit;
  readonly edit: Edit;
}

export interface PolicyRule {
  /** The file and the line where it begins: `policy.yaml:3`. */
  readonly place: string;
  readonly matches: Matcher;
  /** In the order of the catalogue. */
  readonly settings: readonly Setting[];
}

export interface Policy {
  readonly rules: readonly PolicyRule[];
}

export interface Problem {
  /** Line and column count from 1. */
  readonly line: number;
  readonly column: number;
  /** The innermost key; undefined for a fault of YAML itself. */
  readonly key?: string;
  readonly text: string;
}

/** The file is no policy: a line for each problem, as compilers write them. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const lines = problems.slice(0, MOST_TOLD).map(({ line, column, key, text }) => {
      return `${file}:${line}:${column}: ${key === undefined ? '' : `${key}: `}${text}`;
    });
    if (problems.length > lines.length) lines.push(`${file}: and ${problems.length - lines.length} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

const MOST_TOLD = 20;
/** Aliases may make a small text a huge tree. */
const MOST_ALIASES = 1000;

export interface ReadOptions {
  /** The name that errors give it. */
  readonly file: string;
  readonly machine: Machine;
}

/** Throws PolicyError. */
export function readPolicy(text: string, { file, machine }: ReadOptions): Policy {
  const lines = new LineCounter();
  const document: PolicyDocument = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const at = (offset: number): Pick<Problem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) {
    throw new PolicyError(
      file,
      document.errors.map(({ pos, message }) => ({ ...at(pos[0]), text: firstLine(message) })),
    );
  }
  const checked = v.safeParse(POLICY, plainOf(document, file));
  if (!checked.success) {
    const problems = checked.issues.map((issue) => shapeProblem(issue, document));
    throw new PolicyError(
      file,
      problems.map(({ place, ...problem }) => ({ ...at(place.offset), ...problem })),
    );
  }

  const problems: Problem[] = [];
  const rules = checked.output.rules.map(({ match, limits }, index): PolicyRule => {
    const path = ['rules', index, 'limits'];
    const given = new Map<string, readonly YamlPlace[]>();
    for (const [key, value] of Object.entries(limits)) {
      const below = Array.isArray(value) ? value.map((_, item) => [item]) : [[]];
      given.set(
        key,
        below.map((item) => findPlace(document, [...path, key, ...item])),
      );
    }
    const settings = settingsOf(given, findPlace(document, path), machine, (place, key, text) =>
      problems.push({ ...at(place.offset), key, text }),
    );
    const { line } = at(findPlace(document, ['rules', index]).offset);
    return { place: `${file}:${line}`, matches: compileMatch(match), settings };
  });
  if (problems.length > 0) {
    throw new PolicyError(
      file,
      problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
    );
  }
  return { rules };
}

/** Reads each value by itself, so that a problem has its own place, and then all of them together. */
function settingsOf(
  given: ReadonlyMap<string, readonly YamlPlace[]>,
  whole: YamlPlace,
  machine: Machine,
  tell: (place: YamlPlace, key: string, text: string) => void,
): readonly Setting[] {
  let isGood = true;
  const attempt = (
    place: YamlPlace,
    key: string,
    some: ReadonlyMap<string, readonly YamlPlace[]>,
  ): readonly Setting[] => {
    try {
      return editsOf((long) => (some.get(keyOf(long)) ?? []).map(typed), assignmentsIn(some), machine);
    } catch (error) {
      if (!(error instanceof BadValueError)) throw error;
      isGood = false;
      tell(place, key, error.message);
      return [];
    }
  };
  for (const [key, places] of given) {
    for (const place of places) attempt(place, key, new Map([[key, [place]]]));
  }
  return isGood ? attempt(whole, 'limits', given) : [];
}

/** `CPUQuota=20%` for each key that is a property of systemd's. */
const assignmentsIn = (given: ReadonlyMap<string, readonly YamlPlace[]>): string[] =>
  [...given].flatMap(([key, places]) => (isProperty(key) ? places.map((place) => `${key}=${typed(place)}`) : []));

function plainOf(document: PolicyDocument, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw new PolicyError(file, [{ line: 1, column: 1, text: errorText(error) }]);
  }
}

/** The value as it is spelled in the file: the catalogue parses it, and a number parsed by YAML could lose digits. */
function typed({ node }: YamlPlace): string {
  if (!isScalar(node)) return '';
  const isPlain = node.type === 'PLAIN' && node.source !== undefined;
  return isPlain && typeof node.value !== 'string' ? (node.source ?? '') : String(node.value);
}

function shapeProblem(
  issue: v.BaseIssue<unknown>,
  document: PolicyDocument,
): { place: YamlPlace; key?: string; text: string } {
  const path = (issue.path ?? [])
    .map(({ key }) => key)
    .filter((key) => typeof key === 'string' || typeof key === 'number');
  const key = path.findLast((step) => typeof step === 'string');
  const place = findPlace(document, path);
  const named = key === undefined ? {} : { key };
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return { place: { ...place, offset: place.keyOffset }, ...named, text: unknownKey(String(key), path.slice(0, -1)) };
  }
  if (issue.type === 'strict_object' && place.isMissing) return { place, ...named, text: 'is missing here' };
  const near = key === 'kind' && typeof issue.input === 'string' ? nearest(issue.input, KINDS) : [];
  return { place, ...named, text: `${issue.message}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}` };
}

function unknownKey(key: string, path: readonly (string | number)[]): string {
  const known = keysAt(path) ?? [];
  const near = nearKeys(key, known);
  if (near.length > 0) return `is not a key here; did you mean ${near.join(' or ')}?`;
  const few =
    known.length <= 12 ? known.join(', ') : `${known.slice(0, 6).join(', ')}, … (tscg apply --schema lists them)`;
  return `is not a key here; use one of ${few}`;
}

/** Keys close to a wrong one, which may be the kernel's file, a flag with its dashes, or spelled with underscores. */
function nearKeys(key: string, known: readonly string[]): string[] {
  const ofFile = flagsOfFile(key).map(keyOf);
  if (ofFile.some((name) => known.includes(name))) return ofFile;
  const plain = key.replace(/^-+/, '').replaceAll(/[_.]/g, '-');
  if (known.includes(plain)) return [plain];
  return nearest(plain, known).slice(0, 3);
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text;
