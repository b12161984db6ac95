/** What a cgroup is, from its path alone. The patterns are a table of their own (./identity-rules.ts). */

import { lastComponent } from '../kernel/cgroup-path.ts';
import { clean } from '../text/clean.ts';
import { ENGINES, RULES, type Rule } from './identity-rules.ts';
import { literalIn } from './literal.ts';
import { managerIn, SYSTEM_MANAGER, unescapeComponent, unitAt } from './units.ts';
import type { Identity, Runtime, WorkloadKind } from './workload.ts';

/**
 * The innermost container, machine or pod on the path decides: `/docker/A/docker/B` is B, and
 * `/docker/A/system.slice/nginx.service` is the inside of A. Any text is a path; what no pattern knows is a plain cgroup.
 */
export function identify(path: string): Identity {
  return descend(parentOf(path), lastComponent(path)).identity;
}

/** What a cgroup is that is only called as a container: a unit where a manager keeps it, else a directory. */
export function identifyPlain(path: string): Identity {
  const { owner, uid } = parentOf(path);
  const unit = unitAt(path);
  const known: Identity = unit ? { kind: 'unit', runtime: 'systemd', name: clean(unit.unit) } : inside(owner);
  return { ...known, ...(uid !== undefined && { uid }) };
}

/** Whether it lies inside a container or machine: what is called a unit there is not one of this host's systemd. */
export const isInBox = (path: string): boolean => parentOf(path).boxed;

function parentOf(path: string): Place {
  const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  if (above !== lastParent.path) lastParent = { path: above, place: descend(ROOT, above) };
  return lastParent.place;
}

function descend(place: Place, path: string): Place {
  let here = place;
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    /** A path from another cgroup namespace (`/../x`) starts above our root: what is above has no name. */
    here = component === '..' ? { ...here, identity: { kind: 'cgroup' } } : below(here, component);
  }
  return here;
}

/** A directory on the way down, with what those below it take from it. */
interface Place {
  readonly identity: Identity;
  /** Its path, `` for the root. */
  readonly parent: string;
  /** The nearest container, machine, monitor, pod or unit, itself included. */
  readonly owner?: Identity;
  /** Inside a container or machine: uids and units there are not this host's. */
  readonly boxed: boolean;
  readonly uid?: number;
  readonly pod?: Pick<Identity, 'podUid' | 'qos'>;
}

const ROOT: Place = { identity: { kind: 'root' }, parent: '', boxed: false };

/** A walk gives siblings one after another, so that the patterns are tried on the way down to their parent once. */
let lastParent: { readonly path: string; readonly place: Place } = { path: '', place: ROOT };

function below(place: Place, component: string): Place {
  const { owner } = place;
  const uid = uidOf(component, place);
  const match = firstMatch(component, place.parent);
  /** A container within a container is not the pod's own. */
  const pod = match?.pod ?? (isBox(owner) && match?.identity.kind === 'container' ? undefined : place.pod);
  const known = match && isOwn(match.identity, owner) ? match.identity : inside(owner);
  const identity: Identity = { ...known, ...pod, ...(uid === undefined ? {} : { uid }) };
  const claims = OWNERS.has(identity.kind) && !isManager(identity, `${place.parent}/${component}`);
  const nearest = claims ? identity : owner;
  return {
    identity,
    parent: `${place.parent}/${component}`,
    boxed: place.boxed || isBox(identity),
    ...(nearest && { owner: nearest }),
    ...(uid !== undefined && { uid }),
    ...(pod && { pod }),
  };
}

const OWNERS: ReadonlySet<WorkloadKind> = new Set(['container', 'machine', 'monitor', 'pod', 'unit']);

const isBox = (owner: Identity | undefined): boolean => owner?.kind === 'container' || owner?.kind === 'machine';

/** A user's or a capsule's systemd: the units below it are as good as the system's. */
const isManager = ({ kind, name = '' }: Identity, path: string): boolean =>
  kind === 'unit' && managerIn(name) !== undefined && unitAt(path)?.manager === SYSTEM_MANAGER;

/** Whether a cgroup stands for itself, or is only a part of what it lies in. */
function isOwn(identity: Identity, owner: Identity | undefined): boolean {
  if (owner === undefined || MADE_BY_RUNTIMES.has(identity.kind)) return true;
  if (owner.kind === 'pod') return true;
  return owner.kind === 'unit' && identity.runtime !== 'systemd';
}

const MADE_BY_RUNTIMES: ReadonlySet<WorkloadKind> = new Set(['container', 'machine', 'monitor', 'pod']);

/** The inside of a container carries its runtime and id; the inside of a unit is the service's own to manage. */
function inside(owner: Identity | undefined): Identity {
  if (owner === undefined) return { kind: 'cgroup' };
  if (owner.kind === 'unit') return { kind: 'inner' };
  const { runtime, id } = owner;
  return { kind: 'inner', ...(runtime && { runtime }), ...(id !== undefined && { id }) };
}

/** Only the system's manager makes users' slices; a directory of that name further down is anybody's. */
function uidOf(component: string, { parent, boxed, uid }: Place): number | undefined {
  if (uid !== undefined || boxed || (parent !== '' && parent !== '/user.slice')) return uid;
  const digits = /^user-(\d{1,10})\.slice$/.exec(component)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

interface Match {
  readonly identity: Identity;
  /** Where the rule says which pod it is or belongs to. */
  readonly pod?: Pick<Identity, 'podUid' | 'qos'>;
}

/** Text that a rule needs is looked for before its pattern is, because a pattern takes time to compile at its first use. */
const gate = (rule: Rule): { readonly rule: Rule; readonly own: string; readonly under: string } => ({
  rule,
  own: literalIn(rule.own),
  under: rule.under ? literalIn(rule.under) : '',
});

/** Made when the first cgroup is identified, which not every command does. */
let gated: readonly ReturnType<typeof gate>[] | undefined;

function firstMatch(component: string, parent: string): Match | undefined {
  gated ??= RULES.map(gate);
  for (const { rule, own: text, under: textAbove } of gated) {
    if (!component.includes(text) || !parent.includes(textAbove)) continue;
    const own = rule.own.exec(component);
    const under = own && rule.under ? rule.under.exec(parent) : undefined;
    if (own && !agreesWithUnits(rule, own.groups, `${parent}/${component}`)) continue;
    if (own && under !== null) return describe(rule, component, { ...under?.groups, ...own.groups });
  }
  return undefined;
}

/** A unit is one only where a manager can have it; and its name may hold colons, as `prefix:docker:name` does. */
function agreesWithUnits(
  { runtime }: Rule,
  groups: Partial<Record<string, string>> | undefined,
  path: string,
): boolean {
  if (runtime === 'systemd') return unitAt(path) !== undefined;
  return groups?.engine === undefined || groups.name === undefined || unitAt(path) === undefined;
}

function describe(rule: Rule, component: string, groups: Partial<Record<string, string>>): Match {
  const runtime: Runtime | undefined = rule.runtime ?? ENGINES[groups.engine ?? ''];
  const podUid = groups.pod?.replaceAll('_', '-');
  const id = groups.id ?? groups.job ?? (rule.kind === 'pod' ? podUid : undefined);
  const name = nameIn(rule, component, groups);
  const qos = qosOf(groups);
  return {
    identity: {
      kind: rule.kind,
      ...(runtime && { runtime }),
      ...(id !== undefined && { id }),
      ...(name !== undefined && { name }),
    },
    ...(podUid !== undefined && { pod: { podUid, ...(qos && { qos }) } }),
  };
}

function nameIn(rule: Rule, component: string, groups: Partial<Record<string, string>>): string | undefined {
  /** Units keep their name as systemctl takes it, with its escapes. */
  if (rule.kind === 'unit' || rule.kind === 'slice') return clean(unescapeComponent(component));
  const { name, job } = groups;
  if (name === undefined) return undefined;
  return clean(job === undefined ? unescapeUnit(name) : `${job}.${name}`);
}

/** No class in the name is the class guaranteed, where the rule looks for one. */
function qosOf(groups: Partial<Record<string, string>>): Identity['qos'] {
  const { qos } = groups;
  if (qos === 'burstable' || qos === 'besteffort') return qos;
  return 'qos' in groups ? 'guaranteed' : undefined;
}

/** systemd's `\x2d` for each byte that a unit's name may not hold. What is no UTF-8 afterwards becomes U+FFFD. */
export function unescapeUnit(name: string): string {
  if (!name.includes('\\x')) return name;
  return name.replace(/(?:\\x[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
}
