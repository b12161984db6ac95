/** A policy file's text as rules, or everything that is wrong with it and where. YAML, and so JSON too. */

import * as v from 'valibot';
import type { Machine } from '../../kernel/machine.ts';
import { nearest } from '../../text/near-names.ts';
import { type Position, parseYaml, pathOfIssue, type YamlPlace, type YamlText } from '../../text/yaml.ts';
import { flagsOfFile } from '../catalogue/catalogue.ts';
import { isProperty } from '../catalogue/properties.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Edit, Limit } from '../model.ts';
import { editsOf } from '../planning/edits.ts';
import { compileMatch, type Matcher } from './match.ts';
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

export interface Problem extends Position {
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

export interface ReadOptions {
  /** The name that errors give it. */
  readonly file: string;
  readonly machine: Machine;
}

/** Throws PolicyError. */
export function readPolicy(text: string, { file, machine }: ReadOptions): Policy {
  const yaml = parseYaml(text);
  if (!('root' in yaml)) throw new PolicyError(file, yaml);
  const checked = v.safeParse(POLICY, yaml.root);
  if (!checked.success) {
    throw new PolicyError(
      file,
      checked.issues.map((issue) => shapeProblem(issue, yaml)),
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
        below.map((item) => yaml.place([...path, key, ...item])),
      );
    }
    const settings = settingsOf(given, yaml.place(path), machine, (place, key, text) =>
      problems.push({ ...place.value, key, text }),
    );
    const { line } = yaml.place(['rules', index]).value;
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
      return editsOf(
        (long) => (some.get(keyOf(long)) ?? []).map(({ spelled }) => spelled),
        assignmentsIn(some),
        machine,
      );
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
  [...given].flatMap(([key, places]) => (isProperty(key) ? places.map(({ spelled }) => `${key}=${spelled}`) : []));

function shapeProblem(issue: v.BaseIssue<unknown>, yaml: YamlText): Problem {
  const path = pathOfIssue(issue);
  const key = path.findLast((step) => typeof step === 'string');
  const place = yaml.place(path);
  const named = { ...place.value, ...(key !== undefined && { key }) };
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return { ...named, ...place.key, text: unknownKey(String(key), path.slice(0, -1)) };
  }
  if (issue.type === 'strict_object' && place.isMissing) return { ...named, text: 'is missing here' };
  const near = key === 'kind' && typeof issue.input === 'string' ? nearest(issue.input, KINDS) : [];
  return { ...named, text: `${issue.message}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}` };
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
