/**
 * The image of packaging/Containerfile, in pods that have what packaging/kubernetes/tscg.yaml gives them and no more: they tell of
 * the node's containers by pod and name, and record them. There is no network, so that the image's base is made of files of
 * this guest.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { at, listOf, parseJson } from '../../../src/inventory/names/json.ts';
import { openRecording } from '../../../src/recording/recording.ts';
import { skip } from '../../skip.ts';
import { cri, type Fields } from './cri.mjs';
import { startPod, type Workload } from './workloads.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const IMAGE = 'localhost/tscg:latest';
const TOKEN = 'a-token-of-32-characters-or-more';
/** Of the secret, which is no folder of the node. */
const SECRET = '/run/tscg-export';
const NODE = 'node-1.example';
const CPU_PERIOD_US = 100_000;
/** The bits of CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE. */
const CAPABILITIES = (1n << 2n) | (1n << 19n);
const PATIENCE_MS = 120_000;

const sh = (script: string): string =>
  execFileSync('sh', ['-ec', script], { encoding: 'utf8', cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });

/** What the test needs of bookworm-slim: a shell, dpkg and what that calls, and the libraries of these and of Node. */
const BASE = `
  programs=$(which sh rm tar diff dpkg dpkg-deb dpkg-split ldconfig start-stop-daemon)
  base=$(mktemp -d)
  mkdir -p $base/tmp $base/var/log $base/var/lib/dpkg/info $base/var/lib/dpkg/updates
  mkdir -p $base/usr/bin $base/usr/sbin $base/usr/lib $base/usr/lib64
  ln -s usr/bin usr/sbin usr/lib usr/lib64 $base
  cp -L --parents $programs $(ldd $programs ${process.execPath} | grep -o '/lib[^ :]*' | sort -u) $base
  dpkg-query -s libc6 libstdc++6 > $base/var/lib/dpkg/status
  tar -C $base -c . | podman import -q - docker.io/library/debian:bookworm-slim`;

function buildImage(): void {
  sh(BASE);
  sh('podman build -q --network none -f packaging/Containerfile -t tscg packages');
  sh(`podman save -q ${IMAGE} | ctr -n k8s.io images import -`);
}

/** The specification of the DaemonSet's pods. */
const pods = parseAllDocuments(readFileSync(join(ROOT, 'packaging/kubernetes/tscg.yaml'), 'utf8'))
  .map((document): unknown => document.toJS())
  .filter((object) => at(object, 'kind') === 'DaemonSet')
  .map((object) => at(object, 'spec', 'template', 'spec'))[0];

const textsAt = (value: unknown, ...keys: string[]): string[] => listOf(at(value, ...keys)).map(String);

/** Where on the node the volume of that name is. */
function placeOf(name: unknown): string {
  const volume = listOf(at(pods, 'volumes')).find((one) => at(one, 'name') === name);
  return String(at(volume, 'hostPath', 'path') ?? SECRET);
}

/** What the kubelet makes of a container of the pods: fields of the CRI's ContainerConfig. CPUs are whole, memory is in Mi. */
function configOf(container: unknown): Fields {
  const [security, limits] = [at(container, 'securityContext'), at(container, 'resources', 'limits')];
  return {
    6: listOf(at(container, 'env')).map((variable) => ({
      1: String(at(variable, 'name')),
      2: at(variable, 'valueFrom', 'fieldRef', 'fieldPath') === 'spec.nodeName' ? NODE : String(at(variable, 'value')),
    })),
    7: listOf(at(container, 'volumeMounts')).map((mount) => ({
      1: String(at(mount, 'mountPath')),
      2: placeOf(at(mount, 'name')),
      3: at(mount, 'readOnly') === true ? 1 : 0,
    })),
    15: {
      1: {
        1: CPU_PERIOD_US,
        2: Number(at(limits, 'cpu')) * CPU_PERIOD_US,
        4: Number.parseInt(String(at(limits, 'memory')), 10) * 2 ** 20,
      },
      2: {
        1: { 1: textsAt(security, 'capabilities', 'add'), 2: textsAt(security, 'capabilities', 'drop') },
        3: { 2: at(pods, 'hostPID') === true ? 2 : 1 },
        5: { 1: Number(at(security, 'runAsUser')) },
        7: at(security, 'readOnlyRootFilesystem') === true ? 1 : 0,
        11: at(security, 'allowPrivilegeEscalation') === false ? 1 : 0,
        // The runtime's own seccomp profile.
        15: {},
      },
    },
  };
}

async function startContainers(): Promise<{ exporter: Workload; recorder: Workload }> {
  for (const volume of listOf(at(pods, 'volumes'))) mkdirSync(placeOf(at(volume, 'name')), { recursive: true });
  // As the kubelet lays out a secret, so that it can replace all of it at once.
  mkdirSync(join(SECRET, '..2026'));
  writeFileSync(join(SECRET, '..2026/token'), TOKEN, { mode: 0o400 });
  symlinkSync('..2026', join(SECRET, '..data'));
  symlinkSync('..data/token', join(SECRET, 'token'));
  const [exporter, recorder] = await Promise.all(
    ['export', 'record'].map((name) => {
      const container = listOf(at(pods, 'containers')).find((one) => at(one, 'name') === name);
      const settings = { namespace: 'tscg', pid: 'node' as const, image: IMAGE };
      return startPod(name, { ...settings, args: textsAt(container, 'args'), config: configOf(container) });
    }),
  );
  assert.ok(exporter && recorder);
  return { exporter, recorder };
}

async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(200)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`waited in vain for ${what}`);
}

/** What a command in the container prints, as `kubectl exec` shows it. */
const inContainer = ({ id = '' }: Workload, ...words: string[]): Promise<string> =>
  cri('ExecSync', { 1: id, 2: words, 3: PATIENCE_MS / 1000 });

function addressOf({ pid }: Workload): string {
  const interfaces = parseJson(sh(`nsenter -t ${pid} -n ip -j -4 address show eth0`));
  return String(at(listOf(at(listOf(interfaces)[0], 'addr_info'))[0], 'local'));
}

const started: Workload[] = [];
test.after(async () => {
  for (const { podId = '' } of started) await cri('RemovePodSandbox', { 1: podId });
  // The recorder's folder is that of the node's own, which the test of the package installs and removes.
  rmSync('/var/lib/tscg', { recursive: true, force: true });
});

const NAME = 'the image, run as the DaemonSet runs it, exports and records the pods of its node';
const packages = join(ROOT, 'packages');
if (existsSync(packages) && readdirSync(packages).some((name) => name.endsWith('.deb'))) {
  test(NAME, async () => {
    started.push(await startPod('web', { namespace: 'shop', pod: 'web-0' }));
    buildImage();
    const { exporter, recorder } = await startContainers();
    started.push(exporter, recorder);
    for (const { pid } of [exporter, recorder]) {
      const [, effective] = /^CapEff:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      assert.is(BigInt(`0x${effective}`), CAPABILITIES);
    }

    const url = `http://${addressOf(exporter)}:9753/metrics`;
    const authorization = `Bearer ${TOKEN}`;
    const usage = /^container_memory_usage_bytes\{.*,namespace="shop",pod="web-0",container="web"\} \d+$/m;
    await until('the container among the metrics', async () => {
      const text = await fetch(url, { headers: { authorization } }).then(
        (answer) => answer.text(),
        () => '',
      );
      return usage.exec(text) ?? undefined;
    });
    assert.is((await fetch(url)).status, 401);

    const recorded = await until('the pod in the recording, with what containerd tells of it', async () => {
      const told = parseJson(await inContainer(recorder, 'tscg', 'get', 'web-0/web', '--at', '1s', '--json'));
      return at(told, 'details', 'state') === 'running' ? told : undefined;
    });
    assert.is(at(recorded, 'namespace'), 'shop');
    assert.ok(Number(at(recorded, 'memory_current_bytes')) > 0, JSON.stringify(recorded));
    const recording = openRecording('/var/lib/tscg/recording');
    assert.is(recording.header().host.name, NODE);
    recording.close();
  });
} else skip(test, NAME, 'npm run package makes what it installs');

test.run();
