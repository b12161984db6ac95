/** Decides which workloads a rule applies to. */

import type { Workload, WorkloadKind } from '../../inventory/workload.ts';
import { lastComponent } from '../../kernel/cgroup-path.ts';
import { compileGlob, type Glob, isLiteral } from './glob.ts';
import type { MatchShape } from './shape.ts';

export type Matcher = (workload: Workload) => boolean;

/** All conditions hold; of a list, any. */
export function compileMatch(match: MatchShape): Matcher {
  const { name, image, label, pod, namespace, path, slice } = match;
  const kinds = kindsOf(match);
  const conditions: Matcher[] = [({ kind }) => kinds === undefined || kinds.has(kind)];
  const add = (patterns: string | readonly string[] | undefined, texts: (workload: Workload) => readonly string[]) => {
    if (patterns === undefined) return;
    const matches = anyOf([patterns].flat().map((pattern) => compileGlob(pattern)));
    conditions.push((workload) => texts(workload).some(matches));
  };
  add(name, namesOf);
  add(image, (workload) => imagesOf(workload.image));
  add(pod, (workload) => present(workload.pod ?? (workload.kind === 'pod' ? workload.name : undefined)));
  add(namespace, (workload) => present(workload.namespace));
  add(slice, (workload) => slicesOf(workload.path));
  for (const [key, pattern] of Object.entries(label ?? {})) {
    const matches = compileGlob(pattern);
    conditions.push(({ labels }) => {
      const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
      return value !== undefined && matches(value);
    });
  }
  if (path !== undefined) {
    const matches = anyOf([path].flat().map((pattern) => compileGlob(pattern, { isPath: true })));
    conditions.push((workload) => matches(workload.path));
  }
  /** A glob never matches the root. */
  const isRoot = [path].flat().includes('/');
  return (workload) => (workload.kind !== 'root' || isRoot) && conditions.every((holds) => holds(workload));
}

const anyOf =
  (globs: readonly Glob[]): Glob =>
  (text) =>
    globs.some((matches) => matches(text));

const COMMON: readonly WorkloadKind[] = ['container', 'machine', 'unit', 'cgroup'];

/**
 * The kinds that a rule applies to; undefined for all. A limit on a pod or a slice limits all that is in it, so a glob does not
 * match them: a rule names them in full or asks for their kind.
 */
function kindsOf({ kind, path, name }: MatchShape): ReadonlySet<WorkloadKind> | undefined {
  if (kind !== undefined) return new Set([kind].flat());
  if (path !== undefined) return undefined;
  const isNamed = name !== undefined && [name].flat().every(isLiteral);
  return new Set(isNamed ? [...COMMON, 'pod', 'slice'] : COMMON);
}

const present = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);

const UNIT_SUFFIX = /\.(service|scope|slice)$/;

/** The names by which `tscg set` finds the workload. */
function namesOf({ name, namespace, path, kind }: Workload): string[] {
  const names = [name, lastComponent(path)];
  if (namespace !== undefined) names.push(`${namespace}/${name}`);
  if (kind === 'unit' || kind === 'slice') names.push(name.replace(UNIT_SUFFIX, ''));
  return names;
}

/** `docker.io/library/nginx:1.27@sha256:…` also as `nginx:1.27`, `library/nginx`, `nginx` and all between. */
export function imagesOf(image: string | undefined): string[] {
  if (image === undefined) return [];
  const withoutDigest = image.replace(/@[^@/]*$/, '');
  const withoutTag = withoutDigest.replace(/:[^:/]*$/, '');
  return [...new Set([image, withoutDigest, withoutTag])].flatMap(withFewerComponents);
}

function withFewerComponents(image: string): string[] {
  const parts = image.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
}

/** Every slice above it, in systemd's sense and by its short name: `batch.slice`, `batch`. */
const slicesOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1, -1)
    .filter((component) => component.endsWith('.slice'))
    .flatMap((component) => [component, component.slice(0, -'.slice'.length)]);
