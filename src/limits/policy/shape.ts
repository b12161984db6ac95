/**
 * The shape of a policy file, made from the limit catalogue: what is checked when one is read, and the JSON Schema that
 * editors complete and check with.
 */

import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { WORKLOAD_KINDS } from '../../inventory/workload.ts';
import { LIMITS } from '../catalogue/catalogue.ts';
import { isPerDevice, PROPERTY_NAMES } from '../catalogue/properties.ts';

/** `--memory-high` as a policy has it: `memory-high`. */
export const keyOf = (long: string): string => long.replace(/^--/, '');

/** Kinds that a rule may ask for; the root is nobody's to limit by a rule. */
export const KINDS = WORKLOAD_KINDS.filter((kind) => kind !== 'root');

const text = v.pipe(v.string(), v.minLength(1));

const oneOrMore = <Item extends v.GenericSchema>(item: Item, takes: string) =>
  v.union([item, v.pipe(v.array(item), v.minLength(1))], `takes ${takes}, or a list of them`);

const globs = (help: string) =>
  v.optional(v.pipe(oneOrMore(text, 'a glob as text (a number in quotes)'), v.description(help)));

const match = v.pipe(
  v.strictObject(
    {
      name: globs('Name as tscg ls shows it, or the last part of the path: web, web-*, nginx.service'),
      image: globs('Image: nginx (any tag, from any registry path that ends so), nginx:1.27, ghcr.io/team/*'),
      label: v.optional(
        v.pipe(
          v.record(
            v.string(),
            v.string('a label takes a glob as text (a number in quotes)'),
            'takes names and values, such as { app: web }',
          ),
          v.description('Labels, all of which it has, with globs as values: { app: web, tier: "*" }'),
        ),
      ),
      pod: globs('Name of the pod'),
      namespace: globs('Namespace of the pod'),
      path: globs('Path of the cgroup; * stays within one directory, ** does not: /docker/*, /batch.slice/**'),
      slice: globs('A slice that it lies in, at any depth: batch.slice'),
      kind: v.optional(
        v.pipe(
          oneOrMore(v.picklist(KINDS), `one of ${KINDS.join(', ')}`),
          v.description(
            'What it is. Without: containers, machines, units and cgroups of nobody; by a name without globs pods and slices too; by path anything',
          ),
        ),
      ),
    },
    'takes conditions such as name: web',
  ),
  v.minEntries(1, 'holds no condition; give one such as name: web'),
  v.description('Which workloads: all conditions hold; of a list, any'),
);

const value = (message: string) => v.union([v.string(), v.number(), v.boolean()], message);

const limitValue = (takes: string, help: string, repeatable = false) =>
  v.optional(
    v.pipe(repeatable ? oneOrMore(value(`takes ${takes}`), takes) : value(`takes ${takes}`), v.description(help)),
  );

const FLAGS = LIMITS.flatMap(({ flags, file }) =>
  flags.map(({ long, value: placeholder, help, repeatable }) => {
    const takes = `a value as tscg set ${long} does: ${placeholder}`;
    return [keyOf(long), limitValue(takes, `${help} (${file})`, repeatable)] as const;
  }),
);

const PROPERTIES = PROPERTY_NAMES.map((name) => {
  const takes = `a value as systemd's ${name}= does`;
  return [
    name,
    limitValue(takes, `systemd's property, as tscg set -p ${name}= (systemd.resource-control(5))`, isPerDevice(name)),
  ] as const;
});

const limits = v.pipe(
  v.strictObject(Object.fromEntries([...FLAGS, ...PROPERTIES]), 'takes limits such as cpu: 50%'),
  v.minEntries(1, 'holds no limit; give one such as cpu: 50%'),
  v.description("What they are limited to, as the flags of tscg set, or by systemd's names (CPUQuota, MemoryMax)"),
);

const rule = v.strictObject(
  {
    description: v.optional(v.pipe(v.string('takes text'), v.description('For the reader'))),
    match,
    limits,
  },
  'takes match and limits',
);

export const POLICY = v.pipe(
  v.strictObject(
    {
      version: v.pipe(v.literal(1, 'takes 1, the version of this format'), v.description('Version of this format')),
      rules: v.pipe(
        v.array(rule, 'takes a list of rules, each with match and limits'),
        v.description('Later rules override earlier ones, file by file'),
      ),
    },
    'a policy takes version: 1 and rules',
  ),
  v.title('tscg policy'),
);

export type PolicyShape = v.InferOutput<typeof POLICY>;
export type MatchShape = PolicyShape['rules'][number]['match'];

/** Keys that may stand at a place of the document; undefined where any may, or none. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] | undefined {
  if (path.length === 0) return ['version', 'rules'];
  if (path[0] !== 'rules') return undefined;
  if (path.length === 2) return Object.keys(rule.entries);
  if (path.length !== 3) return undefined;
  if (path[2] === 'match') return Object.keys(match.pipe[0].entries);
  return path[2] === 'limits' ? Object.keys(limits.pipe[0].entries) : undefined;
}

/** For editors: `# yaml-language-server: $schema=policy.schema.json`. */
export const policyJsonSchema = (): object => toJsonSchema(POLICY, { target: 'draft-2020-12' });
