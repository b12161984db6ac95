/** Each owner says whether its subject is the very cgroup that would be written, against servers of our own. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Plan, PlannedWrite, Write } from '../../../src/limits/model.ts';
import { confirmedPlan } from '../../../src/limits/owners/confirmed-plan.ts';
import { criOwner } from '../../../src/limits/owners/cri.ts';
import { dockerOwner } from '../../../src/limits/owners/docker.ts';
import { incusOwner } from '../../../src/limits/owners/incus.ts';
import { NotOwnerError, type Owner, OwnerError } from '../../../src/limits/owners/owner.ts';
import { podmanOwner } from '../../../src/limits/owners/podman.ts';
import { systemdOwner } from '../../../src/limits/owners/systemd.ts';
import { objectName } from '../../../src/limits/owners/systemd-manager.ts';
import { fakeBus, hasDaemon, variant } from '../../inventory/runtimes/fake-bus.ts';
import { fakeCri, grpcError } from '../../inventory/runtimes/fake-cri.ts';
import { fakeHttp, freshSocket, json } from '../../inventory/runtimes/fake-http.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';
import { messageOf } from '../world.ts';

const ID = 'c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415';
const USER = '/user.slice/user-1000.slice/user@1000.service';

const proc = temporaryFolder();

/** The process 407 lives there. */
function livesIn(cgroup: string): void {
  mkdirSync(join(proc, '407'), { recursive: true });
  writeFileSync(join(proc, '407/cgroup'), `0::${cgroup}\n`);
}

const write = (path: string, subject: string, more: Partial<Write> = {}): Write => ({
  ...{ name: 'web', path, inode: 7, file: 'pids.max', before: 'max', after: '40' },
  ...{ via: 'docker', endpoint: '', subject },
  ...more,
});

type Answer = 'its own' | 'not its own' | 'no answer';

async function answerOf(owner: Owner, asked: Write): Promise<Answer> {
  try {
    await owner.confirm([asked]);
    return 'its own';
  } catch (error) {
    assert.instance(error, OwnerError);
    if (!(error instanceof NotOwnerError)) return 'no answer';
    assert.match(error.message, /nothing is written by that name; to write the file itself add --via cgroupfs$/);
    return 'not its own';
  }
}

/** Where the first process of the container is, which path is asked about, and the answer. */
const CONTAINERS: readonly (readonly [home: string, path: string, answer: Answer])[] = [
  [`/system.slice/docker-${ID}.scope`, `/system.slice/docker-${ID}.scope`, 'its own'],
  [`/docker/${ID}`, `/docker/${ID}`, 'its own'],
  // A systemd within it has moved itself.
  [`/docker/${ID}/init.scope`, `/docker/${ID}`, 'its own'],
  [`/machine.slice/libpod-${ID}.scope/container`, `/machine.slice/libpod-${ID}.scope`, 'its own'],
  [`/machine.slice/libpod-${ID}.scope/container`, `/machine.slice/libpod-${ID}.scope/container`, 'its own'],
  // Whoever may make a directory may call it so.
  [`/system.slice/docker-${ID}.scope`, `${USER}/docker-${ID}.scope`, 'not its own'],
  [`/system.slice/docker-${ID}.scope`, `${USER}/libpod-${ID}.scope/container`, 'not its own'],
  // The container has made it itself, and moved its own first process there.
  [`/docker/${ID}/docker-${ID}.scope`, `/docker/${ID}/docker-${ID}.scope`, 'not its own'],
  [`/docker/${ID}/docker-${ID}.scope`, `/docker/${ID}`, 'its own'],
  ['/system.slice/other.service', `/docker/${ID}`, 'not its own'],
  [`/docker/${ID} (deleted)`, `/docker/${ID}`, 'not its own'],
];

const engines = {
  docker: (socket: string): Owner => dockerOwner(socket, fakeFiles({}), proc),
  podman: (socket: string): Owner => podmanOwner(socket, fakeFiles({}), proc),
};

for (const [name, open] of Object.entries(engines)) {
  test(`${name}: the container's first process is in this very cgroup`, async () => {
    let state: object | undefined = { Running: true, Pid: 407 };
    const engine = await fakeHttp((_, response) =>
      json(response, state ? { State: state } : { message: 'no' }, state ? 200 : 404),
    );
    try {
      for (const [home, path, answer] of CONTAINERS) {
        livesIn(home);
        assert.is(await answerOf(open(engine.socket), write(path, ID)), answer, `${home} ${path}`);
      }
      assert.match(engine.asked.at(-1) ?? '', new RegExp(`/containers/${ID}/json$`));
      const path = `/docker/${ID}`;
      livesIn(path);
      const elsewhere = await messageOf(open(engine.socket).confirm([write(`${USER}/docker-${ID}.scope`, ID)]));
      assert.match(elsewhere, new RegExp(`^the ${name} container c203a2647ef1 runs in .*, not in ${USER}`));
      // What does not run is told for its next start, and only then.
      state = { Running: false, Pid: 0 };
      assert.is(await answerOf(open(engine.socket), write(path, ID)), 'not its own');
      assert.is(await answerOf(open(engine.socket), write(path, ID, { ended: true })), 'its own');
      state = { Running: true, Pid: 408 };
      assert.is(await answerOf(open(engine.socket), write(path, ID)), 'not its own', 'a process that is not there');
      state = { Running: true, Pid: 2 ** 32 - 1 };
      assert.is(await answerOf(open(engine.socket), write(path, ID)), 'not its own', 'no pid');
      state = undefined;
      assert.is(await answerOf(open(engine.socket), write(path, ID)), 'not its own', 'it knows none');
    } finally {
      await engine.close();
    }
    assert.is(await answerOf(open(freshSocket()), write(`/docker/${ID}`, ID)), 'no answer');
  });
}

test('Incus: the first process of the instance is in its cgroup, that of the project too', async () => {
  let pid = 407;
  const incus = await fakeHttp((_, response) => json(response, { metadata: { status: 'Running', pid } }));
  const owner = incusOwner(incus.socket, fakeFiles({}), proc);
  try {
    livesIn('/lxc.payload.team_web/init.scope');
    assert.is(await answerOf(owner, write('/lxc.payload.team_web', 'team/web')), 'its own');
    assert.is(incus.asked.at(-1), '/1.0/instances/web/state?project=team');
    assert.is(await answerOf(owner, write('/lxc.payload.web', 'team/web')), 'not its own');
    assert.is(await answerOf(owner, write('/box/lxc.payload.team_web', 'team/web')), 'not its own');
    pid = 0;
    assert.is(await answerOf(owner, write('/lxc.payload.team_web', 'team/web')), 'not its own');
  } finally {
    await incus.close();
  }
});

test('CRI: the first process of the container is in this very cgroup', async () => {
  let isKnown = true;
  const cri = await fakeCri({
    ContainerStatus: () => {
      if (!isKnown) throw grpcError(5, 'container not found');
      return { status: { state: 'CONTAINER_RUNNING' }, info: { info: '{"pid":407}' } };
    },
  });
  const owner = criOwner(cri.socket, fakeFiles({}), proc);
  try {
    livesIn(`/kubepods/burstable/pod1/${ID}`);
    assert.is(await answerOf(owner, write(`/kubepods/burstable/pod1/${ID}`, ID)), 'its own');
    assert.is(await answerOf(owner, write(`/box/${ID}`, ID)), 'not its own');
    isKnown = false;
    assert.is(await answerOf(owner, write(`/kubepods/burstable/pod1/${ID}`, ID)), 'not its own');
  } finally {
    await cri.close();
  }
  assert.is(await answerOf(criOwner(cri.socket, fakeFiles({}), proc), write(`/box/${ID}`, ID)), 'no answer');
});

const needsBus = hasDaemon ? test : test.skip;

needsBus(
  'systemd: the unit has this very cgroup, and one connection does for the question and the change',
  async () => {
    const bus = await fakeBus(['org.freedesktop.systemd1']);
    let group = '/system.slice/web.service';
    const asked: unknown[] = [];
    bus.says.set('Properties.Get', (body, path) => {
      asked.push([path, ...body]);
      return { signature: 'v', body: [variant('s', group)] };
    });
    bus.says.set('Manager.SetUnitProperties', () => ({ signature: '', body: [] }));
    const unit = (path: string, more: Partial<Write> = {}): Write =>
      write(path, 'web.service', { via: 'systemd', endpoint: bus.socket, ...more });
    const owner = systemdOwner(bus.socket, fakeFiles({}));
    try {
      assert.is(await answerOf(owner, unit('/system.slice/web.service')), 'its own');
      assert.equal(asked, [
        ['/org/freedesktop/systemd1/unit/web_2eservice', 'org.freedesktop.systemd1.Service', 'ControlGroup'],
      ]);
      await owner.apply([unit('/system.slice/web.service')]);
      assert.equal(bus.asked, ['Properties.Get', 'Manager.SetUnitProperties']);
      assert.is(await answerOf(owner, unit('/other.slice/web.service')), 'not its own');
      assert.match(
        await messageOf(owner.confirm([unit('/other.slice/web.service')])),
        /^systemd's web\.service has the cgroup \/system\.slice\/web\.service, not \/other\.slice\/web\.service: nothing/,
      );
      // Where a part of the hierarchy is mounted, systemd has the whole path.
      const below = systemdOwner(bus.socket, { ...fakeFiles({}), root: '/system.slice' });
      assert.is(await answerOf(below, unit('/web.service')), 'its own');
      assert.is(await answerOf(below, unit('/system.slice/web.service')), 'not its own');
      assert.is(await answerOf(owner, unit('/other.slice/web.service', { ended: true })), 'not its own');
      group = '';
      assert.is(await answerOf(owner, unit('/system.slice/web.service')), 'not its own');
      assert.is(await answerOf(owner, unit('/system.slice/web.service', { ended: true })), 'its own');
      bus.says.set('Properties.Get', () => undefined);
      assert.is(await answerOf(owner, unit('/system.slice/web.service')), 'no answer');
    } finally {
      await bus.close();
    }
    const dead = await messageOf(owner.confirm([unit('/system.slice/web.service')]));
    assert.match(dead, /^systemd's web\.service cannot be asked for its cgroup, and nothing is written by a name/);
    assert.match(dead, /--via cgroupfs/);
  },
);

test('the object of a unit is called as systemd escapes it', () => {
  assert.is(objectName('web.service'), 'web_2eservice');
  assert.is(objectName('a-b\\x20c@d:e_f.scope'), 'a_2db_5cx20c_40d_3ae_5ff_2escope');
  assert.is(objectName('1.slice'), '_31_2eslice');
});

test('a Plan is made again without the owners that deny the cgroup; who does not answer stays in it', async () => {
  const context = contextOf(fakeFiles({}));
  const says = new Map<string, Error>([
    ['docker', new NotOwnerError('docker runs it elsewhere')],
    ['systemd', new OwnerError('no answer')],
  ]);
  const asked: string[] = [];
  const ownerOf = (one: Write): Owner => ({
    ...dockerOwner('', fakeFiles({})),
    confirm: async () => {
      asked.push(one.via);
      const error = says.get(one.via);
      if (error) throw error;
    },
  });
  const order = ['docker', 'systemd', 'cgroupfs'] as const;
  const planned = (): Promise<Plan> =>
    confirmedPlan(
      context,
      ({ owners }) => {
        const via = order.find((owner) => owners.disowned?.('/x', owner) === undefined) ?? 'cgroupfs';
        const one: PlannedWrite = { ...write('/x', ID, { via }), notes: [owners.disowned?.('/x', 'docker') ?? ''] };
        return { writes: [one, { ...one, file: 'memory.max' }], unchanged: [], risks: [] };
      },
      ownerOf,
    );
  const plan = await planned();
  assert.equal(
    plan.writes.map(({ via, notes }) => [via, ...notes]),
    [
      ['systemd', 'docker runs it elsewhere'],
      ['systemd', 'docker runs it elsewhere'],
    ],
  );
  assert.equal(asked, ['docker', 'systemd']);
  says.set('systemd', new NotOwnerError('nor is it a unit'));
  assert.equal(
    (await planned()).writes.map(({ via }) => via),
    ['cgroupfs', 'cgroupfs'],
  );
});

test.run();
