/** Names from the files of every runtime: fixtures in their layout, and what malice or a half-written file makes of them. */

import { execFileSync } from 'node:child_process';
import { lchownSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diskSources } from '../../src/inventory/disk-sources.ts';
import { identify } from '../../src/inventory/identity.ts';
import { parseDockerConfig } from '../../src/inventory/names/docker.ts';
import { parseContainerLog, parsePodFolder } from '../../src/inventory/names/pod-logs.ts';
import { parseContainers } from '../../src/inventory/names/podman.ts';
import { parseCrunStatus, parseRuncState } from '../../src/inventory/names/runtime-state.ts';
import { createReadFolder, createReadSmall } from '../../src/inventory/names/small-file.ts';
import type { NameSource, Names } from '../../src/inventory/names/source.ts';
import { parseDescription } from '../../src/inventory/names/unit-files.ts';
import { createNameOf, pathName } from '../../src/inventory/names.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/names', import.meta.url));

/** The fixtures' ids are one digit, 64 times. */
const id = (digit: string): string => digit.repeat(64);
const USER = '/user.slice/user-1000.slice/user@1000.service/user.slice';
const POD = 'kubepods-burstable-pod87c52d60_fefd_45a9_a420_895256fc03b5.slice';
const STATIC_POD = 'kubepods-burstable-pod187bff14cccb94f179e943eacce55bb3.slice';

const nameFrom = (root: string, path: string): Promise<Names> => createNameOf(diskSources(root))(identify(path), path);

const KNOWN: readonly (readonly [what: string, path: string, names: Names])[] = [
  [
    'docker',
    `/system.slice/docker-${id('1')}.scope`,
    {
      name: 'shop-web-1',
      image: 'nginx:1.27',
      labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        maintainer: 'NGINX Docker Maintainers',
      },
      initPid: 4242,
    },
  ],
  ['docker, cgroupfs', `/docker/${id('1')}`, { name: 'shop-web-1' }],
  ['a bare id', `/box/${id('1')}`, { name: 'shop-web-1' }],
  ['rootless docker', `${USER}/docker-${id('2')}.scope`, { name: 'cache', image: 'redis:7', initPid: 5151 }],
  [
    'cri-dockerd',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod6553a60b_2b97_442a_b6da_a5704d81dd98.slice/docker-${id('3')}.scope`,
    { name: 'coredns-5d78c9869d-abcde/coredns', pod: 'coredns-5d78c9869d-abcde', namespace: 'kube-system' },
  ],
  [
    'containerd',
    `/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${id('4')}.scope`,
    {
      name: 'webapp-6d4b75cb6d-x2x7k/webapp',
      image: 'docker.io/library/nginx:1.27',
      pod: 'webapp-6d4b75cb6d-x2x7k',
      namespace: 'shop',
      initPid: 7171,
    },
  ],
  [
    'its sandbox',
    `/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${id('5')}.scope`,
    { name: 'webapp-6d4b75cb6d-x2x7k/pause', pod: 'webapp-6d4b75cb6d-x2x7k', namespace: 'shop' },
  ],
  [
    'its pod',
    `/kubepods.slice/kubepods-burstable.slice/${POD}`,
    { name: 'webapp-6d4b75cb6d-x2x7k', pod: 'webapp-6d4b75cb6d-x2x7k', namespace: 'shop' },
  ],
  [
    'a container that only its pod is known of',
    `/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${id('f')}.scope`,
    { name: 'webapp-6d4b75cb6d-x2x7k/ffffffffffff', pod: 'webapp-6d4b75cb6d-x2x7k', namespace: 'shop' },
  ],
  [
    'containerd, cgroupfs',
    `/kubepods/burstable/pod87c52d60-fefd-45a9-a420-895256fc03b5/${id('4')}`,
    { name: 'webapp-6d4b75cb6d-x2x7k/webapp' },
  ],
  ['k3s', `/kubepods.slice/${POD}/cri-containerd-${id('6')}.scope`, { name: 'traefik-0/traefik', pod: 'traefik-0' }],
  ['nerdctl', `/system.slice/nerdctl-${id('7')}.scope`, { name: 'db' }],
  ['nerdctl, cgroupfs', `/default/${id('7')}`, { name: 'db' }],
  [
    'CRI-O',
    `/kubepods.slice/kubepods-burstable.slice/${STATIC_POD}/crio-${id('8')}.scope`,
    {
      name: 'etcd-node1/etcd',
      image: 'registry.k8s.io/etcd:3.5.9-0',
      pod: 'etcd-node1',
      namespace: 'kube-system',
      labels: { component: 'etcd', tier: 'control-plane' },
      initPid: 8181,
    },
  ],
  ['a static pod', `/kubepods.slice/kubepods-burstable.slice/${STATIC_POD}`, { name: 'etcd-node1' }],
  [
    'podman',
    `/machine.slice/libpod-${id('9')}.scope`,
    { name: 'web', image: 'docker.io/library/nginx:latest', initPid: 9191 },
  ],
  [
    'rootless podman',
    `${USER}/libpod-${id('a')}.scope`,
    { name: 'toolbox', image: 'quay.io/toolbx/arch-toolbox:latest' },
  ],
  ['runc alone', `/box/${id('b')}`, { initPid: 1212 }],
  ['crun alone', `/box/${id('c')}`, { initPid: 1313 }],
  ['runc below containerd', `/box/${id('d')}`, { initPid: 1414 }],
  ['nspawn', '/machine.slice/machine-web.scope', { initPid: 1515 }],
  ['libvirt', '/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope', { initPid: 1616 }],
  ['nobody', `/docker/${id('e')}`, {}],
];

for (const [what, path, names] of KNOWN) {
  test(`${what}: ${path}`, async () => {
    const found = await nameFrom(FIXTURES, path);
    for (const key of ['name', 'image', 'pod', 'namespace', 'labels', 'initPid'] as const) {
      if (key in names) assert.equal(found[key], names[key], key);
    }
    assert.is(found.name, names.name);
  });
}

test('names in the log folders of the kubelet', () => {
  assert.equal(parsePodFolder('kube-system_etcd-node1_187bff14cccb94f179e943eacce55bb3'), [
    '187bff14cccb94f179e943eacce55bb3',
    { pod: 'etcd-node1', namespace: 'kube-system' },
  ]);
  assert.equal(parseContainerLog(`my-pod_ns_side-car-${id('a')}.log`), [
    id('a'),
    { name: 'my-pod/side-car', pod: 'my-pod', namespace: 'ns' },
  ]);
  for (const odd of ['', '_', 'a_b', 'a_b_c', '../../etc_passwd_187bff14cccb94f179e943eacce55bb3x', 'a_b_c.log']) {
    assert.is(parsePodFolder(odd), undefined);
    assert.is(parseContainerLog(odd), undefined);
  }
});

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const dockerConfig = (root: string): string => join(root, 'var/lib/docker/containers', id('1'), 'config.v2.json');
const DOCKER_PATH = `/docker/${id('1')}`;

test('links in /var/log/containers name a container without any other file', async () => {
  const root = temporaryFolder();
  put(join(root, `var/log/containers/web-0_shop_app-${id('4')}.log`), '');
  const path = `/kubepods.slice/kubepods-burstable.slice/${POD}/cri-containerd-${id('4')}.scope`;
  assert.equal(await nameFrom(root, path), { name: 'web-0/app', pod: 'web-0', namespace: 'shop' });
});

test('a file that is half-written, of another shape or no JSON costs the name only', async () => {
  const root = temporaryFolder();
  for (const text of [
    '',
    '{',
    '{"Name":',
    'null',
    '[]',
    '{"Name":7}',
    '{"Name":{"a":1}}',
    '"x"',
    '\0\xff',
    '{"Name":"/"}',
  ]) {
    put(dockerConfig(root), text);
    assert.equal(await nameFrom(root, DOCKER_PATH), {}, text);
  }
});

test('it is read again when it changed, and forgotten when it went', async () => {
  const root = temporaryFolder();
  const nameOf = createNameOf(diskSources(root));
  const ask = (): Promise<Names> => nameOf(identify(DOCKER_PATH), DOCKER_PATH);
  put(dockerConfig(root), '{"Name":"/one"}');
  assert.is((await ask()).name, 'one');
  put(dockerConfig(root), '{"Name":"/another"}');
  assert.is((await ask()).name, 'another');
  rmSync(dockerConfig(root));
  assert.equal(await ask(), {});
});

test('text from inside containers is cleaned and cut', () => {
  const config = {
    Name: '/x\x1b[2J\u202ey',
    Config: { Image: 'a\nb', Labels: { 'k\x07': 'v\x1b]0;t\x07', __proto__: 'no', long: 'l'.repeat(5000), number: 7 } },
  };
  const names = parseDockerConfig(JSON.stringify(config));
  assert.is(names?.name, 'x[2Jy');
  assert.is(names?.image, 'a↵b');
  assert.equal(Object.keys(names?.labels ?? {}), ['k', 'long']);
  assert.is(names?.labels?.k, 'v]0;t');
  assert.is(names?.labels?.long?.length, 512);
});

test('a label called __proto__ is one more label', () => {
  const labels = parseDockerConfig('{"Name":"/a","Config":{"Labels":{"__proto__":"x","constructor":"y"}}}')?.labels;
  assert.equal(Object.entries(labels ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('labels of Kubernetes on a plain docker container do not rename it', () => {
  const text = '{"Name":"/a","Config":{"Labels":{"io.kubernetes.pod.name":"p","io.kubernetes.container.name":"c"}}}';
  assert.is(parseDockerConfig(text)?.name, 'a');
});

test('a link that another user made, a folder, a pipe or a huge file in place of a file is refused', async () => {
  const root = temporaryFolder();
  const config = dockerConfig(root);
  const folder = dirname(config);
  put(join(root, 'other/config.v2.json'), '{"Name":"/other"}');
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, 'other/config.v2.json'), config);
  assert.equal(await nameFrom(root, DOCKER_PATH), { name: 'other' }, 'a link of our own');
  if (process.geteuid?.() === 0) {
    lchownSync(config, 4242, 4242);
    assert.equal(await nameFrom(root, DOCKER_PATH), {}, "another user's link");
    rmSync(folder, { recursive: true });
    symlinkSync(join(root, 'other'), folder);
    assert.equal(await nameFrom(root, DOCKER_PATH), { name: 'other' }, 'a link of our own on the way');
    lchownSync(folder, 4242, 4242);
    assert.equal(await nameFrom(root, DOCKER_PATH), {}, "another user's link on the way");
  }
  rmSync(folder, { recursive: true });
  mkdirSync(config, { recursive: true });
  assert.equal(await nameFrom(root, DOCKER_PATH), {}, 'a folder');
  rmSync(config, { recursive: true });
  execFileSync('mkfifo', [config]);
  assert.equal(await nameFrom(root, DOCKER_PATH), {}, 'a pipe');
  rmSync(config);
  put(config, '{"Name":"/huge"}');
  truncateSync(config, 5 * 1024 ** 3);
  assert.equal(await nameFrom(root, DOCKER_PATH), {}, 'a huge file');
});

test('data-root of daemon.json', async () => {
  const root = temporaryFolder();
  put(join(root, 'etc/docker/daemon.json'), '{"data-root":"/data/docker"}');
  put(join(root, 'data/docker/containers', id('1'), 'config.v2.json'), '{"Name":"/moved"}');
  assert.is((await nameFrom(root, DOCKER_PATH)).name, 'moved');
});

test('a machine whose name leads elsewhere is not looked up', async () => {
  const root = temporaryFolder();
  put(join(root, 'run/systemd/passwd'), 'LEADER=1\n');
  mkdirSync(join(root, 'run/systemd/machines'));
  for (const name of ['..\\x2fpasswd', '.', '..', '\\x00', '.hidden']) {
    assert.equal(await nameFrom(root, `/machine.slice/machine-${name}.scope`), {});
  }
});

test("a user's units are described by their files: transient ones, her own, everybody's, templates", async () => {
  const root = temporaryFolder();
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  const description = async (name: string, above = `${manager}/app.slice`): Promise<string | undefined> =>
    (await nameFrom(root, `${above}/${name}`)).details?.description;
  put(join(root, 'etc/passwd'), 'ann:x:1000:1000::/home/ann:/bin/sh\n');
  const everybodys = join(root, 'usr/lib/systemd/user');
  put(join(everybodys, 'sound.service'), '# x\n[Unit]\nDescription=Sound Service\n[Service]\nDescription=no\n');
  put(join(everybodys, 'tty@.service'), '[Unit]\nDescription=Getty on %I (%p), 100%%, %u\n');
  put(join(everybodys, 'bare.service'), '[Service]\nDescription=no\n');
  assert.is(await description('sound.service'), 'Sound Service');
  assert.is(await description('tty@one.service'), 'Getty on one (tty), 100%, %u');
  assert.is(await description('bare.service'), undefined);
  put(join(root, 'home/ann/.config/systemd/user/sound.service'), '[Unit]\nDescription = of her\x1b[2Jown\n');
  assert.is(await description('sound.service'), 'of her[2Jown');
  put(join(root, 'run/user/1000/systemd/transient/sound.service'), '[Unit]\nDescription=sound.service\n');
  assert.is(await description('sound.service'), undefined);
  // The system's manager answers for its own.
  assert.is(await description('sound.service', '/user.slice/user-1000.slice'), undefined);
  assert.is(await description('sound.service', '/system.slice'), undefined);
});

test("instances of Incus and LXD are told from LXC's, with their project", async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'var/lib/incus/containers/web'), { recursive: true });
  mkdirSync(join(root, 'var/snap/lxd/common/lxd/containers/my_team_db'), { recursive: true });
  assert.equal(await nameFrom(root, '/lxc.payload.web'), {
    name: 'web',
    details: { runtime: 'incus', id: 'web', name: 'web' },
  });
  assert.equal((await nameFrom(root, '/lxc.payload.my_team_db')).details, {
    ...{ runtime: 'incus', id: 'my_team_db', name: 'db', namespace: 'my_team' },
  });
  for (const other of ['plain', '..', 'web_', 'x\x1b']) assert.equal(await nameFrom(root, `/lxc.payload.${other}`), {});
});

test('parsers answer any text', () => {
  const shapes = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        Name: fc.jsonValue(),
        Config: fc.jsonValue(),
        State: fc.jsonValue(),
        id: fc.jsonValue(),
        names: fc.jsonValue(),
        metadata: fc.json(),
        pid: fc.jsonValue(),
        init_process_pid: fc.jsonValue(),
        config: fc.record({ labels: fc.jsonValue() }),
      })
      .map((value) => JSON.stringify([value, value])),
  );
  fc.assert(
    fc.property(shapes, (text) => {
      for (const parse of [parseDockerConfig, parseContainers, parseRuncState, parseCrunStatus, parseDescription]) {
        parse(text);
        parse(text.slice(1, -1));
      }
    }),
    { numRuns: 500 },
  );
});

test('the description is that of [Unit], the last one', () => {
  assert.is(parseDescription('[Unit]\nDescription=a\nDescription=b\n[Install]\nDescription=c'), 'b');
  assert.is(parseDescription('[Install]\nDescription=c\n[Unit]\nAfter=x'), undefined);
  assert.is(parseDescription('Description=a'), undefined);
});

test('what was parsed is kept while the file stays as it is', async () => {
  const root = temporaryFolder();
  let parsed = 0;
  const read = createReadSmall((text) => {
    parsed++;
    return text;
  });
  const path = join(root, 'f');
  writeFileSync(path, 'a');
  assert.is(await read(path), 'a');
  assert.is(await read(path), 'a');
  assert.is(parsed, 1);
  writeFileSync(path, 'bb');
  assert.is(await read(path), 'bb');
  assert.is(await read(join(root, 'none')), undefined);
  const readFolder = createReadFolder();
  assert.equal(await readFolder(root), ['f']);
  assert.is(await readFolder(root), await readFolder(root));
  assert.equal(await readFolder(join(root, 'none')), []);
});

const source = (name: string, lookup: NameSource['lookup']): NameSource => ({ name, matches: () => true, lookup });

test('the first source that knows is believed, and one that fails costs its own names only', async () => {
  const nameOf = createNameOf([
    source('broken', () => Promise.reject(new Error('no'))),
    source('a', async () => ({ name: 'a', initPid: 1 })),
    source('b', async () => ({ name: 'b', image: 'i' })),
  ]);
  assert.equal(await nameOf(identify(DOCKER_PATH), DOCKER_PATH), { name: 'a', image: 'i', initPid: 1 });
});

test('a source that never answers is waited for once, then left out for a while', async () => {
  let now = 0;
  let asked = 0;
  const hanging = source('hanging', () => {
    asked++;
    return new Promise(() => {});
  });
  const nameOf = createNameOf([hanging, source('a', async () => ({ name: 'a' }))], () => now);
  const ask = (): Promise<Names> => nameOf(identify(DOCKER_PATH), DOCKER_PATH);
  assert.equal(await ask(), { name: 'a' });
  assert.equal(await ask(), { name: 'a' });
  assert.is(asked, 1);
  now = 60_000;
  const again = ask();
  assert.is(asked, 2);
  await again;
});

test('names from the path', () => {
  const cases: readonly (readonly [path: string, name: string])[] = [
    ['/', '/'],
    [`/docker/${id('1')}`, '111111111111'],
    ['/kubepods/pod87c52d60-fefd-45a9-a420-895256fc03b5', '87c52d60'],
    ['/system.slice/nginx.service', 'nginx.service'],
    ['/machine.slice/machine-a\\x2db.scope', 'a-b'],
    ['/a/b\x1b[2J', 'b[2J'],
    ['/a/\u202e', '/a/'],
    [`/docker/${id('1')}/init`, 'init'],
  ];
  for (const [path, name] of cases) assert.is(pathName(identify(path), path), name, path);
});

test.run();
