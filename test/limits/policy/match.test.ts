import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Workload } from '../../../src/inventory/workload.ts';
import { compileMatch, imagesOf } from '../../../src/limits/policy/match.ts';
import type { MatchShape } from '../../../src/limits/policy/shape.ts';

const workload = (path: string, others: Partial<Workload>): Workload => ({
  kind: 'cgroup',
  path,
  inode: 1,
  name: path.slice(path.lastIndexOf('/') + 1),
  ...others,
});

const RUNNING: readonly Workload[] = [
  workload('/', { kind: 'root', name: '/' }),
  workload('/system.slice', { kind: 'slice' }),
  workload('/system.slice/nginx.service', { kind: 'unit' }),
  workload('/system.slice/docker-abc.scope', {
    kind: 'container',
    name: 'web',
    image: 'docker.io/library/nginx:1.27',
    labels: { app: 'shop', tier: 'front' },
  }),
  workload('/system.slice/docker-abc.scope/init', { kind: 'inner' }),
  workload('/kubepods.slice/pod1.slice', { kind: 'pod', name: 'shop', pod: 'shop', namespace: 'prod' }),
  workload('/kubepods.slice/pod1.slice/cri.scope', {
    kind: 'container',
    name: 'shop/app',
    pod: 'shop',
    namespace: 'prod',
  }),
  workload('/job', {}),
];

const CASES: readonly [match: MatchShape, names: readonly string[]][] = [
  [{ name: 'web' }, ['web']],
  [{ name: 'nginx' }, ['nginx.service']],
  [{ name: '*' }, ['nginx.service', 'web', 'shop/app', 'job']],
  [{ name: ['web', 'job'] }, ['web', 'job']],
  [{ name: 'system.slice' }, ['system.slice']],
  [{ name: 'system.*' }, []],
  [{ name: 'prod/shop/app' }, ['shop/app']],
  [{ name: 'shop' }, ['shop']],
  [{ image: 'nginx' }, ['web']],
  [{ image: 'nginx:1.*' }, ['web']],
  [{ image: 'library/nginx' }, ['web']],
  [{ image: 'nginx:1.26' }, []],
  [{ label: { app: 'shop' } }, ['web']],
  [{ label: { app: 'shop', tier: 'back' } }, []],
  [{ label: { toString: '*' } }, []],
  [{ pod: 'shop' }, ['shop/app']],
  [{ pod: 'shop', kind: 'pod' }, ['shop']],
  [{ namespace: 'pr*' }, ['shop/app']],
  [{ slice: 'system.slice' }, ['nginx.service', 'web']],
  [{ slice: 'kubepods' }, ['shop/app']],
  [{ slice: 'system.slice', kind: ['unit'] }, ['nginx.service']],
  [{ path: '/system.slice/*' }, ['nginx.service', 'web']],
  [{ path: '/system.slice/**' }, ['nginx.service', 'web', 'init']],
  [{ path: '/**', kind: 'inner' }, ['init']],
  [{ path: '/' }, ['/']],
  [{ name: 'web', slice: 'kubepods' }, []],
];

test('conditions by table: all of them hold, of a list any', () => {
  for (const [match, names] of CASES) {
    assert.equal(
      RUNNING.filter(compileMatch(match)).map(({ name }) => name),
      names,
      JSON.stringify(match),
    );
  }
});

test('an image goes by its parts', () => {
  assert.equal(imagesOf(undefined), []);
  const names = imagesOf('localhost:5000/team/app:v1@sha256:0123');
  for (const name of ['localhost:5000/team/app:v1', 'localhost:5000/team/app', 'team/app', 'app', 'app:v1']) {
    assert.ok(names.includes(name), name);
  }
  assert.not(names.includes('localhost'));
});

test.run();
