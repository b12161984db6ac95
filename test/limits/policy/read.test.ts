import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PolicyError, readPolicy } from '../../../src/limits/policy/read.ts';
import { planPolicy, policyRequest } from '../../../src/limits/policy/requests.ts';
import { policyJsonSchema } from '../../../src/limits/policy/shape.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';

const MACHINE = { memoryTotal: 8 * 2 ** 30, cpus: 4, pageSize: 4096, bootId: 'boot-1' };
const read = (text: string) => readPolicy(text, { file: 'p.yaml', machine: MACHINE });

function messageOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
  return 'no error';
}

const RULES = (match: string, limits: string): string =>
  `version: 1\nrules:\n  - match: ${match}\n    limits: ${limits}\n`;

const ERRORS: readonly [text: string, message: RegExp][] = [
  ['', /^p\.yaml:1:1: a policy takes version: 1 and rules$/],
  ['- 1', /^p\.yaml:1:1: /],
  ['version: 1', /^p\.yaml:1:1: rules: is missing here$/],
  ['version: 2\nrules: []', /^p\.yaml:1:10: version: takes 1/],
  ['version: 1\nruls: []', /p\.yaml:2:1: ruls: is not a key here; did you mean rules\?/],
  ['version: 1\nrules: {}', /^p\.yaml:2:8: rules: takes a list of rules/],
  ['version: 1\nversion: 1\nrules: []', /^p\.yaml:2:1: Map keys must be unique/],
  ['version: 1\nrules: [', /^p\.yaml:2:\d+: Flow sequence/],
  ['a: 1\n---\nb: 2', /^p\.yaml:2:1: Source contains multiple documents/],
  [RULES('{ nam: web }', '{ cpu: 50% }'), /^p\.yaml:3:14: nam: is not a key here; did you mean name/],
  [RULES('{}', '{ cpu: 50% }'), /^p\.yaml:3:12: match: holds no condition/],
  [RULES('web', '{ cpu: 50% }'), /^p\.yaml:3:12: match: takes conditions such as name: web/],
  [RULES('{ name: 5 }', '{ cpu: 50% }'), /^p\.yaml:3:20: name: takes a glob as text/],
  [RULES('{ kind: contaner }', '{ cpu: 50% }'), /^p\.yaml:3:20: kind: .*did you mean container\?/],
  [RULES('{ label: { a: 1 } }', '{ cpu: 50% }'), /^p\.yaml:3:26: a: a label takes a glob/],
  [RULES('{ name: web }', '{}'), /^p\.yaml:4:13: limits: holds no limit/],
  [RULES('{ name: web }', '{ cpuu: 50% }'), /^p\.yaml:4:15: cpuu: is not a key here; did you mean cpu/],
  [RULES('{ name: web }', '{ --memory: 1G }'), /did you mean memory\?/],
  [RULES('{ name: web }', '{ memory_high: 1G }'), /did you mean memory-high\?/],
  [RULES('{ name: web }', '{ memory.high: 1G }'), /did you mean memory-high\?/],
  [RULES('{ name: web }', '{ pids-max: 5 }'), /did you mean pids or pids-limit\?/],
  [RULES('{ name: web }', '{ cpu: 50 }'), /^p\.yaml:4:20: cpu: "50" is not a CPU share/],
  [RULES('{ name: web }', '{ cpu: }'), /^p\.yaml:4:\d+: cpu: takes a value as tscg set --cpu does/],
  [RULES('{ name: web }', '{ pids: 0x10 }'), /^p\.yaml:4:21: pids: "0x10" is not a whole number/],
  [RULES('{ name: web }', '{ memory: 18446744073709551616 }'), /"18446744073709551616" is more than/],
  [RULES('{ name: web }', '{ memory: [1G, 2G] }'), /^p\.yaml:4:23: memory: takes a value/],
  [RULES('{ name: web }', '{ CPUQuotta: 50% }'), /^p\.yaml:4:15: CPUQuotta: is not a key here; did you mean CPUQuota/],
  [RULES('{ name: web }', '{ memorymax: 1G }'), /did you mean MemoryMax/],
  [RULES('{ name: web }', '{ CPUQuota: 50 }'), /^p\.yaml:4:25: CPUQuota: "50" is not a CPUQuota; give it as 20%/],
  [RULES('{ name: web }', '{ MemoryMax: lots }'), /^p\.yaml:4:26: MemoryMax: "lots" is not a size/],
  [RULES('{ name: web }', '{ MemoryMax: [1G, 2G] }'), /^p\.yaml:4:26: MemoryMax: takes a value as systemd's/],
  [
    RULES('{ name: web }', '{ cpu: 50%, CPUQuota: 20% }'),
    /^p\.yaml:4:13: limits: --cpu and CPUQuota both set cpu\.max/,
  ],
  [RULES('{ name: web }', '{ CPUWeight: 50, CPUShares: 2 }'), /limits: CPUWeight and CPUShares both set cpu\.weight/],
  [RULES('{ name: web }', '{ cpu: 50%, cpus: 2 }'), /^p\.yaml:4:13: limits: --cpu and --cpus both set cpu\.max/],
];

for (const [text, message] of ERRORS) {
  test(`refused at its place: ${JSON.stringify(text.replace(/^version: 1\nrules:\n {2}- /, ''))}`, () => {
    assert.match(messageOf(text), message, messageOf(text));
  });
}

test('all problems of a file are told, in their order', () => {
  const lines = messageOf(`version: 1
rules:
  - match: { name: a }
    limits: { memory: 1X, cpu: 5 }
  - match: { name: b }
    limits: { pids: many }
`).split('\n');
  assert.equal(
    lines.map((line) => line.split(' ')[0]),
    ['p.yaml:4:23:', 'p.yaml:4:32:', 'p.yaml:6:21:'],
  );
});

test('aliases are followed, and cannot make a file huge', () => {
  const text = `version: 1
rules:
  - match: { name: a }
    limits: &small { memory: 1X }
  - match: { name: b }
    limits: *small
`;
  assert.match(messageOf(text), /^p\.yaml:4:30: memory: "1X"[\s\S]*\np\.yaml:4:30: /);
  const bomb = Array.from(
    { length: 9 },
    (_, n) =>
      `a${n}: &a${n} [${Array(9)
        .fill(n ? `*a${n - 1}` : 'x')
        .join(', ')}]`,
  );
  assert.match(messageOf(bomb.join('\n')), /^p\.yaml:1:1: /);
});

test('<<: lays other limits under its own', () => {
  const merged = (limits: string): string => `version: 1
rules:
  - match: { name: a }
    limits: &small { memory: 1M, cpu: 50% }
  - match: { name: b }
    limits: &few { memory: 2M, pids: 9 }
  - match: { name: web }
    limits: ${limits}
`;
  const settings = (limits: string) =>
    read(merged(limits)).rules[2]?.settings.map(({ limit, edit }) => `${limit.file}=${edit.after('max 100000')}`);
  assert.equal(settings('{ <<: *small, memory: 3M }'), ['cpu.max=50000 100000', `memory.max=${3 * 2 ** 20}`]);
  assert.equal(settings('{ <<: [*few, *small] }'), ['cpu.max=50000 100000', `memory.max=${2 * 2 ** 20}`, 'pids.max=9']);
  assert.match(messageOf(merged('{ <<: *small, pids: x }')), /^p\.yaml:8:33: pids: "x"/);
  assert.match(messageOf(merged('{ <<: { memory: x } }')), /^p\.yaml:8:29: memory: "x"/);
  assert.match(messageOf(merged('{ <<: 5 }')), /^p\.yaml:1:1: Merge sources must be maps/);
  assert.match(messageOf('a: &a { <<: *a }'), /^p\.yaml:1:1: Excessive alias count/);
});

const target = { kind: 'container', path: '/docker/a', inode: 7, name: 'web' } as const;

test('what does not go with what is there says which workload, and which rules', () => {
  const texts = { '/docker/a/cpu.max': 'max 100000', '/docker/a/cpu.max.burst': '0' };
  const request = policyRequest(read(RULES('{ name: web }', '{ cpus: 0.3, cpu-burst: 500ms }')), target);
  assert.throws(
    () => planPolicy(request ? [request] : [], contextOf(fakeFiles(texts))),
    /^p\.yaml:3: web: cpu\.max\.burst is 500ms, more than/,
  );
});

test('a later rule takes the place of an earlier one, file by file', () => {
  const policy = read(`version: 1
rules:
  - match: { name: '*' }
    limits: { cpu-period: 20ms, cpu-quota: 10ms, memory: 1G }
  - match: { name: other }
    limits: { memory: 2G }
  - match: { path: /docker/* }
    limits: { cpu: 25% }
`);
  const request = policyRequest(policy, target);
  assert.equal(request?.rules, [0, 2]);
  assert.equal(
    request?.edits.map(({ limit, edit }) => [limit.file, edit.after('max 100000')]),
    [
      ['cpu.max', '25000 100000'],
      ['memory.max', String(2 ** 30)],
    ],
  );
  assert.is(policyRequest(policy, { ...target, kind: 'slice', path: '/x.slice' }), undefined);
});

test("systemd's names are keys too, with systemd's units", () => {
  const { rules } = read(
    RULES('{ name: web }', '{ CPUQuota: 20%, MemoryMax: infinity, CPUWeight: 200, TasksMax: 77 }'),
  );
  assert.equal(
    rules[0]?.settings.map(({ limit, edit }) => `${limit.file}=${edit.after('5000 100000')}`),
    ['cpu.max=20000 100000', 'cpu.weight=200', 'memory.max=max', 'pids.max=77'],
  );
});

test('JSON is read as YAML; a rule knows its line', () => {
  const { rules } = read(JSON.stringify({ version: 1, rules: [{ match: { name: 'web' }, limits: { memory: 4096 } }] }));
  assert.is(rules[0]?.matches(target), true);
  assert.is(rules[0]?.settings[0]?.edit.after('max'), '4096');
  assert.is(read(RULES('{ name: a }', '{ cpu: 5% }')).rules[0]?.place, 'p.yaml:3');
});

test('the JSON Schema has every limit and condition, and no other key', () => {
  const schema = JSON.stringify(policyJsonSchema());
  for (const word of [
    '"memory-high"',
    '"cpu"',
    '"CPUQuota"',
    '"IOReadBandwidthMax"',
    '"namespace"',
    '"version"',
    '(cpu.max)',
    '"additionalProperties":false',
  ]) {
    assert.ok(schema.includes(word), word);
  }
});

test.run();
