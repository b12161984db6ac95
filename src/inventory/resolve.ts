/** Which workload a user means. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastComponent } from '../kernel/cgroup-path.ts';
import { parseMembership, pathBeneath } from '../kernel/proc-cgroup.ts';
import { clean } from '../text/clean.ts';
import { nearest } from '../text/near-names.ts';
import type { Workload } from './workload.ts';

/** Several workloads go by the name. */
export class AmbiguousNameError extends Error {
  override readonly name = 'AmbiguousNameError';
  readonly query: string;
  readonly candidates: readonly Workload[];

  constructor(query: string, candidates: readonly Workload[]) {
    const listed = candidates.slice(0, MOST_LISTED).map(({ kind, name, path }) => `  ${name} (${kind}) ${clean(path)}`);
    if (candidates.length > listed.length) listed.push(`  and ${candidates.length - listed.length} more`);
    super(`"${clean(query)}" is ambiguous: give one of these paths\n${listed.join('\n')}`);
    this.query = query;
    this.candidates = candidates;
  }
}

/** Nothing goes by the name. */
export class NoSuchNameError extends Error {
  override readonly name = 'NoSuchNameError';
  readonly query: string;
  /** Names that may have been meant, the nearest first. */
  readonly near: readonly string[];

  constructor(query: string, near: readonly string[], reason?: string) {
    const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : '; `tscg ls --all` lists them';
    super(reason ?? `no container, unit or cgroup is called "${clean(query)}"${hint}`);
    this.query = query;
    this.near = near;
  }
}

/** The query is no name and no path of a cgroup, whatever runs. */
export class BadNameError extends Error {
  override readonly name = 'BadNameError';
}

const MOST_LISTED = 20;

export interface ResolveOptions {
  readonly proc: string;
  /** The hierarchy's mount, so that a full path (`/sys/fs/cgroup/a`) is understood. */
  readonly mount?: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  /** The pid that `self` means; this process if absent. */
  readonly self?: number;
}

/**
 * - a name, as shown: `web`, `pod/container`, `namespace/pod/container`, `nginx.service` or `nginx`
 * - an id, or the first of its digits (3 and more)
 * - a path: `/a/b` beneath the mount, or with the mount before it
 * - `pid:1234`, `self`: the container, unit or cgroup that the process is in
 *
 * Throws NoSuchNameError, AmbiguousNameError, BadNameError.
 */
export async function resolve(
  workloads: readonly Workload[],
  query: string,
  { proc, mount, root, self }: ResolveOptions,
): Promise<Workload> {
  const pid = pidIn(query, self);
  if (pid === undefined) return findWorkload(workloads, query, mount);
  const path = await pathOfPid(proc, pid, query, root);
  return holderOf(workloads, path) ?? findWorkload(workloads, path);
}

/**
 * The path of the cgroup, where the query says it without regard to what else runs: a path, `pid:N` or `self`; undefined
 * for a name. Throws NoSuchNameError, BadNameError.
 */
export async function straightPath(
  query: string,
  { proc, mount, root, self }: ResolveOptions,
): Promise<string | undefined> {
  const pid = pidIn(query, self);
  if (pid !== undefined) return pathOfPid(proc, pid, query, root);
  return query.startsWith('/') ? checkedPath(query, mount) : undefined;
}

function pidIn(query: string, self: number | undefined): number | 'self' | undefined {
  if (query === 'self') return self ?? 'self';
  if (!query.startsWith('pid:')) return undefined;
  const pid = query.slice('pid:'.length);
  if (!/^[1-9]\d{0,9}$/.test(pid)) throw new BadNameError(`"${clean(query)}": a pid is a whole number above 0`);
  return Number(pid);
}

/** What `resolve` does without looking at processes. */
export function findWorkload(workloads: readonly Workload[], query: string, mount?: string): Workload {
  if (query === '') throw new BadNameError('the name is empty');
  if (query.startsWith('/')) return byPath(workloads, query, mount);
  for (const isMeant of MEANINGS) {
    const [found, ...others] = workloads.filter((workload) => isMeant(workload, query));
    if (found !== undefined && others.length === 0) return found;
    if (found !== undefined) throw new AmbiguousNameError(query, [found, ...others]);
  }
  const near = workloads.some(({ path }) => path === `/${query}`)
    ? [clean(`/${query}`)]
    : nearest(
        query,
        workloads.filter(isNamed).map(({ name }) => name),
      );
  throw new NoSuchNameError(query, near);
}

type Meaning = (workload: Workload, query: string) => boolean;

/** Parts of containers and their helpers go by their path only: every container has an `init` or a `container` inside. */
const isNamed = ({ kind }: Workload): boolean => kind !== 'inner' && kind !== 'monitor' && kind !== 'root';
const hasOwnId = ({ kind }: Workload): boolean => kind === 'container' || kind === 'pod' || kind === 'machine';

const UNIT_SUFFIXES: readonly string[] = ['.service', '.scope', '.slice'];

/** The meanings are tried in this order. Once one finds something, the later ones are not tried. */
const MEANINGS: readonly Meaning[] = [
  /** The name in the path too, where a runtime knows another: a directory of that name is no better than the container. */
  (workload, query) =>
    (isNamed(workload) && (workload.name === query || lastComponent(workload.path) === query)) ||
    (hasOwnId(workload) && workload.id === query),
  (workload, query) =>
    isNamed(workload) && workload.namespace !== undefined && `${workload.namespace}/${workload.name}` === query,
  (workload, query) =>
    (workload.kind === 'unit' || workload.kind === 'slice') &&
    UNIT_SUFFIXES.some((suffix) => workload.name === query + suffix),
  (workload, query) =>
    isIdPrefix(query) && hasOwnId(workload) && (workload.id?.startsWith(query.toLowerCase()) ?? false),
  (workload, query) =>
    workload.kind === 'monitor' && (workload.name === query || lastComponent(workload.path) === query),
];

const isIdPrefix = (query: string): boolean => /^[0-9a-fA-F][0-9a-fA-F-]{2,}$/.test(query);

/** What Node puts in the place of bytes that are no UTF-8. */
const NO_UTF8 = '\ufffd';

function byPath(workloads: readonly Workload[], query: string, mount: string | undefined): Workload {
  const path = checkedPath(query, mount);
  const found = workloads.find((workload) => workload.path === path);
  if (found !== undefined) return found;
  const near = nearest(
    path,
    workloads.map((workload) => workload.path),
  ).map(clean);
  if (path.includes(NO_UTF8))
    throw new NoSuchNameError(query, [], `the path ${clean(path)} is no UTF-8: tscg cannot reach that cgroup`);
  const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : '';
  throw new NoSuchNameError(query, near, `there is no cgroup ${clean(path)}${hint}`);
}

function checkedPath(query: string, mount: string | undefined): string {
  const path = beneathMount(query, mount);
  const refused = refusal(path);
  if (refused !== undefined) throw new BadNameError(`"${clean(query)}": ${refused}`);
  return path;
}

/** Shells complete a directory's name with a slash. */
function beneathMount(query: string, mount: string | undefined): string {
  const path = query.length > 1 && query.endsWith('/') ? query.slice(0, -1) : query;
  if (mount === undefined || mount === '/') return path;
  if (path === mount) return '/';
  return path.startsWith(`${mount}/`) ? path.slice(mount.length) : path;
}

function refusal(path: string): string | undefined {
  if (path.includes('\0')) return 'a path holds no NUL';
  const components = path === '/' ? [] : path.slice(1).split('/');
  if (components.includes('..')) return 'a path with .. is refused: it may lead out of the hierarchy';
  if (components.includes('.') || components.includes('')) return 'a path is refused that is not in its shortest form';
  return undefined;
}

async function pathOfPid(proc: string, pid: number | 'self', query: string, root = '/'): Promise<string> {
  const membership = parseMembership(await cgroupText(proc, pid, query));
  if (membership === undefined) {
    throw new NoSuchNameError(query, [], `${query}: the process is in no cgroup v2 (see /proc/${pid}/cgroup)`);
  }
  const { path, deleted } = membership;
  if (deleted) throw new NoSuchNameError(query, [], `${query}: its cgroup ${clean(path)} was removed`);
  const beneath = pathBeneath(root, path);
  if (beneath !== undefined) return beneath;
  const shown = root === '/' ? 'its own cgroup namespace' : `${clean(root)} and what is below it`;
  throw new NoSuchNameError(
    query,
    [],
    `${query}: its cgroup ${clean(path)} is outside the part of the hierarchy that is visible here, ${shown}; run tscg on the host, or as nsenter --target 1 --cgroup --mount tscg …`,
  );
}

async function cgroupText(proc: string, pid: number | 'self', query: string): Promise<string> {
  try {
    return await readFile(join(proc, String(pid), 'cgroup'), 'utf8');
  } catch {
    throw new NoSuchNameError(query, [], `${query}: there is no such process`);
  }
}

/** The workload at a path, or the container or unit inside which the path lies. The path itself may be newer than the list. */
export function holderOf(workloads: readonly Workload[], path: string): Workload | undefined {
  const byPath = new Map(workloads.map((workload) => [workload.path, workload]));
  let isNew = false;
  for (let here = path; here !== ''; here = here.slice(0, here.lastIndexOf('/'))) {
    const workload = byPath.get(here);
    if (workload === undefined) isNew = true;
    else if (workload.kind === 'container' || workload.kind === 'machine') return workload;
    else if (workload.kind !== 'inner') return isNew ? undefined : workload;
  }
  return undefined;
}
