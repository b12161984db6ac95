/** Paths that people reported from the field, with what each is. The numbers are rows of the collection. */

import type { Identity } from '../../src/inventory/workload.ts';
import { SLURM_SAMPLES } from './slurm-samples.ts';

export type Sample = readonly [what: string, path: string, identity: Identity];

/** Complete ids, where the reports abbreviate. */
export const A = 'dd479c33249f6c3f0f1189aa88f07dad3eeb3e6fedfc71385c27ddd699994831';
export const B = '72e5a5ff5eef3c4222a6551b992b9360a99122f77d2229783f0ee0946dfd800e';
export const UID = '7a875b5c-4d3c-4345-ac0f-5c847d8d7129';
export const UID_ = UID.replaceAll('-', '_');
export const STATIC = '187bff14cccb94f179e943eacce55bb3';
export const BUILD = 'osh60k53lspy0g0cjo94ur00h';

export const docker = (id = A): Identity => ({ kind: 'container', runtime: 'docker', id });
export const podman = (id = A): Identity => ({ kind: 'container', runtime: 'podman', id });
export const unit = (name: string): Identity => ({ kind: 'unit', runtime: 'systemd', name });
export const slice = (name: string): Identity => ({ kind: 'slice', runtime: 'systemd', name });
export const pod = (uid: string, qos?: Identity['qos']): Identity => ({
  kind: 'pod',
  runtime: 'kubernetes',
  id: uid,
  podUid: uid,
  ...(qos && { qos }),
});
export const podContainer = (
  runtime: NonNullable<Identity['runtime']>,
  id: string,
  podUid: string,
  qos?: Identity['qos'],
): Identity => ({ kind: 'container', runtime, id, podUid, ...(qos && { qos }) });

export const USER = '/user.slice/user-1000.slice/user@1000.service';

export const FIELD_SAMPLES: readonly Sample[] = [
  ['1 docker, cgroupfs', `/docker/${A}`, docker()],
  ['2 docker, systemd', `/system.slice/docker-${B}.scope`, docker(B)],
  [
    '3 mount unit with an id',
    `/system.slice/var-lib-docker-overlay-${A}-merged.mount`,
    unit(`var-lib-docker-overlay-${A}-merged.mount`),
  ],
  ['4 docker, systemd', `/system.slice/docker-${A}.scope`, docker()],
  ['5 first systemd driver', `/system.slice/system-docker.slice/docker-${A}.scope`, docker()],
  ['6 cgroup-parent of the daemon', `/my-example-cgroup.slice/docker-${A}.scope`, docker()],
  ['6 as systemd lays it out', `/my.slice/my-example.slice/my-example-cgroup.slice/docker-${A}.scope`, docker()],
  ['7 rootless docker', `${USER}/user.slice/docker-${A}.scope`, { ...docker(), uid: 1000 }],
  ['8 slice that is no user', `/user.slice/user-a.slice/user-a-b.slice/docker-${A}.scope`, docker()],
  ['9 escaped docker-in-docker', `/docker/${B}`, docker(B)],
  [
    '10 CRI-O pod',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod79227834_afc5_4f67_bf05_594a0d4d36bb.slice/crio-${A}.scope`,
    podContainer('cri-o', A, '79227834-afc5-4f67-bf05-594a0d4d36bb', 'besteffort'),
  ],
  ['11 docker-in-docker, v1 view', `/docker/${A}`, docker()],
  [
    '12 buildkit in dockerd',
    `/system.slice/system.slice:docker:${BUILD}`,
    { kind: 'container', runtime: 'buildkit', id: BUILD },
  ],
  ['13 buildkit, cgroupfs', `/docker/buildkit/${BUILD}`, { kind: 'container', runtime: 'buildkit', id: BUILD }],
  ['13 buildkit, hex id', `/docker/buildkit/${A}`, { kind: 'container', runtime: 'buildkit', id: A }],
  ['13 its folder', '/docker/buildkit', { kind: 'slice', runtime: 'buildkit', name: 'buildkit' }],
  ['14 buildx', '/docker/buildx', { kind: 'slice', runtime: 'docker', name: 'buildx' }],
  ['14 a builder in it', `/docker/buildx/${A}`, docker()],
  ['15 escaped buildkitd', '/init', { kind: 'cgroup' }],
  ['15 escaped build step', `/buildkit/${BUILD}`, { kind: 'container', runtime: 'buildkit', id: BUILD }],
  [
    '16 the same, inside',
    `/kubepods/burstable/pod${UID}/${A}/init`,
    { kind: 'inner', runtime: 'kubernetes', id: A, podUid: UID, qos: 'burstable' },
  ],
  ['18 podman, crun', `/machine.slice/libpod-${A}.scope/container`, { kind: 'inner', runtime: 'podman', id: A }],
  ['18 its scope', `/machine.slice/libpod-${A}.scope`, podman()],
  ['19 conmon', `/machine.slice/libpod-conmon-${A}.scope`, { kind: 'monitor', runtime: 'podman', id: A }],
  [
    '20 podman rootless',
    `/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-${A}.scope`,
    { ...podman(), uid: 1001 },
  ],
  [
    '21 path that podman computed',
    `/user-1000.slice/user@1000.service/user.slice/libpod_parent/libpod-${A}.scope`,
    { ...podman(), uid: 1000 },
  ],
  [
    '22 podman pod, rootless',
    `/user.slice/user-1049.slice/user@1049.service/user.slice/user-libpod_pod_${A}.slice`,
    { kind: 'pod', runtime: 'podman', id: A, podUid: A, uid: 1049 },
  ],
  [
    '23 podman pause',
    '/user.slice/user-1049.slice/user@1049.service/user.slice/podman-pause-23c87985.scope',
    { kind: 'monitor', runtime: 'podman', uid: 1049 },
  ],
  ['24 podman itself', `${USER}/user.slice/podman-6696.scope`, { kind: 'monitor', runtime: 'podman', uid: 1000 }],
  [
    '26 podman pod, root',
    `/machine.slice/machine-libpod_pod_${B}.slice/libpod-${A}.scope/container`,
    { kind: 'inner', runtime: 'podman', id: A, podUid: B },
  ],
  [
    '26 the container of the pod',
    `/machine.slice/machine-libpod_pod_${B}.slice/libpod-${A}.scope`,
    { ...podman(), podUid: B },
  ],
  ['27 quadlet', `/system.slice/quadlet-minimal.service/libpod-payload-${A}`, podman()],
  ['28 its conmon', '/system.slice/quadlet-minimal.service/runtime', { kind: 'monitor', runtime: 'podman' }],
  ['30 Nomad and podman', `/nomad.slice/libpod-${A}.scope/container`, { kind: 'inner', runtime: 'podman', id: A }],
  [
    '31 Nomad',
    `/nomad.slice/${UID}.web-task.scope`,
    { kind: 'container', runtime: 'nomad', id: UID, name: 'web-task' },
  ],
  [
    '31 Nomad 1.7',
    `/nomad.slice/share.slice/${UID}.web.scope`,
    { kind: 'container', runtime: 'nomad', id: UID, name: 'web' },
  ],
  ['31 its folder', '/nomad.slice/reserve.slice', { kind: 'slice', runtime: 'nomad', name: 'reserve.slice' }],
  [
    '32 burstable, containerd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod87c52d60_fefd_45a9_a420_895256fc03b5.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, '87c52d60-fefd-45a9-a420-895256fc03b5', 'burstable'),
  ],
  [
    '33 static pod',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, STATIC, 'burstable'),
  ],
  [
    '34 cri-dockerd',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod6553a60b_2b97_442a_b6da_a5704d81dd98.slice/docker-${A}.scope`,
    podContainer('docker', A, '6553a60b-2b97-442a-b6da-a5704d81dd98', 'besteffort'),
  ],
  [
    '35 guaranteed',
    `/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, UID, 'guaranteed'),
  ],
  [
    '36 cgroupfs, static pod',
    `/kubepods/besteffort/podd76e26fba3bf2bfd215eb29011d55250/${A}`,
    podContainer('kubernetes', A, 'd76e26fba3bf2bfd215eb29011d55250', 'besteffort'),
  ],
  [
    '37 guaranteed, cgroupfs',
    `/kubepods/pod068e8fa0-9213-11e7-a01f-507b9d4141fa/${A}`,
    podContainer('kubernetes', A, '068e8fa0-9213-11e7-a01f-507b9d4141fa', 'guaranteed'),
  ],
  ['37 its pod', `/kubepods/pod${UID}`, pod(UID, 'guaranteed')],
  [
    '33 its pod',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice`,
    pod(STATIC, 'burstable'),
  ],
  [
    '38 drivers that disagree',
    `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${A}`,
    podContainer('containerd', A, UID, 'burstable'),
  ],
  [
    '39 with a name for an id',
    `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:webapp`,
    { kind: 'container', runtime: 'containerd', name: 'webapp', podUid: UID, qos: 'burstable' },
  ],
  ['literal slice:prefix:id', `/system.slice:cri-containerd:${A}`, { kind: 'container', runtime: 'containerd', id: A }],
  [
    'literal slice:prefix:id of docker',
    `/system.slice/containerd.service/system.slice:docker:${A}`,
    { kind: 'container', runtime: 'docker', id: A },
  ],
  [
    '40 kind node',
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, '1e597579-417e-482f-bf65-5fe170c3aebd', 'besteffort'),
  ],
  [
    '40 kind node, from its host',
    `/system.slice/docker-${B}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, UID, 'guaranteed'),
  ],
  [
    '42 old kind',
    `/docker/${B}/kubelet/kubepods/burstable/pod${UID}/${A}`,
    podContainer('kubernetes', A, UID, 'burstable'),
  ],
  ['42 its pod', `/docker/${B}/kubelet/kubepods/burstable/pod${UID}`, pod(UID, 'burstable')],
  ['42 its folders', `/docker/${B}/kubelet/kubepods`, { kind: 'inner', runtime: 'docker', id: B }],
  [
    '43 CRI-O sandbox',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/crio-${A}`,
    podContainer('cri-o', A, UID, 'besteffort'),
  ],
  [
    '44 CRI-O and crun',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/crio-${A}.scope/container`,
    { kind: 'inner', runtime: 'cri-o', id: A, podUid: UID, qos: 'besteffort' },
  ],
  [
    'CRI-O conmon',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/crio-conmon-${A}.scope`,
    { kind: 'monitor', runtime: 'cri-o', id: A, podUid: UID, qos: 'besteffort' },
  ],
  [
    '46 usernetes',
    `/user.slice/user-1001.slice/user@1001.service/u7s-rootlesskit.service/kubepods/burstable/pod${UID}/${A}`,
    { ...podContainer('kubernetes', A, UID, 'burstable'), uid: 1001 },
  ],
  ['47 from inside a cgroup namespace', '/../../kubepods.slice/kubepods-besteffort.slice/podabc/', { kind: 'cgroup' }],
  [
    '47 with a whole uid',
    `/../../kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice`,
    pod(UID, 'besteffort'),
  ],
  ['48 parent of their own', `10/pods/something/pod${UID}/${A}`, podContainer('kubernetes', A, UID)],
  ['49 ECS', `/ecstasks.slice/ecstasks-${STATIC}.slice/docker-${A}.scope`, { ...docker(), podUid: STATIC }],
  [
    '49 its task',
    `/ecstasks.slice/ecstasks-${STATIC}.slice`,
    { kind: 'pod', runtime: 'ecs', id: STATIC, podUid: STATIC },
  ],
  ['50 ECS v1', `/ecs/${UID}/${A}`, { kind: 'container', runtime: 'ecs', id: A, podUid: UID }],
  [
    '50 ECS v1 with the cluster',
    `/ecs/prod/${STATIC}/${A}`,
    { kind: 'container', runtime: 'ecs', id: A, podUid: STATIC },
  ],
  ['50 its task', `/ecs/${UID}`, { kind: 'pod', runtime: 'ecs', id: UID, podUid: UID }],
  ['51 LXC after a collision', '/lxc.payload.nested-1', { kind: 'machine', runtime: 'lxc', name: 'nested-1' }],
  ['51 LXC', '/lxc.payload.nested', { kind: 'machine', runtime: 'lxc', name: 'nested' }],
  ['51 far collision', '/lxc.payload.nested-999', { kind: 'machine', runtime: 'lxc', name: 'nested-999' }],
  ['Incus project', '/lxc.payload.team_web', { kind: 'machine', runtime: 'lxc', name: 'team_web' }],
  ['52 LXC monitor', '/lxc.monitor.web', { kind: 'monitor', runtime: 'lxc', name: 'web' }],
  ['52 LXC attach', '/lxc.payload.web/.lxc', { kind: 'inner', runtime: 'lxc' }],
  ['LXC with a folder', '/lxc.payload/example/init.scope', { kind: 'inner', runtime: 'lxc' }],
  ['LXC with a folder, itself', '/lxc.payload/example', { kind: 'machine', runtime: 'lxc', name: 'example' }],
  ['LXC monitor with a folder', '/lxc.monitor/example', { kind: 'monitor', runtime: 'lxc', name: 'example' }],
  ['old LXC', '/lxc/web', { kind: 'machine', runtime: 'lxc', name: 'web' }],
  ['53 Proxmox container', '/lxc/102/ns', { kind: 'inner', runtime: 'proxmox' }],
  ['53 itself', '/lxc/102', { kind: 'machine', runtime: 'proxmox', name: '102' }],
  ['53 Proxmox VM', '/qemu.slice/101.scope', { kind: 'machine', runtime: 'proxmox', name: '101' }],
  [
    '55 libvirt-lxc',
    '/machine.slice/machine-lxc\\x2d969\\x2dhubud0xians01.scope',
    { kind: 'machine', runtime: 'libvirt', id: '969', name: 'hubud0xians01' },
  ],
  [
    'libvirt, qemu',
    '/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope',
    { kind: 'machine', runtime: 'libvirt', id: '1', name: 'web-vm' },
  ],
  [
    'its emulator',
    '/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope/libvirt/emulator',
    { kind: 'inner', runtime: 'libvirt', id: '1' },
  ],
  [
    'its virtual CPU',
    '/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope/libvirt/vcpu0',
    { kind: 'inner', runtime: 'libvirt', id: '1' },
  ],
  ['libvirt without systemd', '/machine/web.libvirt-qemu', { kind: 'machine', runtime: 'libvirt', name: 'web' }],
  ['libvirt-lxc without systemd', '/machine/web.libvirt-lxc', { kind: 'machine', runtime: 'libvirt', name: 'web' }],
  ['56 nspawn payload', '/machine.slice/machine-web.scope/payload', { kind: 'inner', runtime: 'nspawn' }],
  ['56 nspawn', '/machine.slice/machine-web.scope', { kind: 'machine', runtime: 'nspawn', name: 'web' }],
  ['56 escaped', '/machine.slice/machine-my\\x2dweb.scope', { kind: 'machine', runtime: 'nspawn', name: 'my-web' }],
  ['56 as a service', '/machine.slice/systemd-nspawn@web.service', { kind: 'machine', runtime: 'nspawn', name: 'web' }],
  ['56 payload', '/machine.slice/systemd-nspawn@web.service/payload', { kind: 'inner', runtime: 'nspawn' }],
  ['56 supervisor', '/machine.slice/systemd-nspawn@web.service/supervisor', { kind: 'monitor', runtime: 'nspawn' }],
  [
    '56 a unit in it',
    '/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service',
    { kind: 'inner', runtime: 'nspawn' },
  ],
  [
    '57 template of their own',
    '/system.slice/system-l8r\\x2ddomaintld.slice/l8r-domaintld@machine.service',
    unit('l8r-domaintld@machine.service'),
  ],
  ...SLURM_SAMPLES,
  [
    '59 desktop terminal',
    '/user.slice/user-10000.slice/user@10000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-f22f14d2-3d44-4304-9879-3fdd0df7b08e.scope',
    { ...unit('vte-spawn-f22f14d2-3d44-4304-9879-3fdd0df7b08e.scope'), uid: 10000 },
  ],
  ['61 docker under containerd', `/system.slice/containerd.service/cpuset/${A}`, { kind: 'container', id: A }],
  ['62 init', '/init.scope', unit('init.scope')],
  ['62 service', '/system.slice/nginx.service', unit('nginx.service')],
  ['62 instance', '/system.slice/system-getty.slice/getty@tty1.service', unit('getty@tty1.service')],
  ['62 session', '/user.slice/user-1000.slice/session-18.scope', { ...unit('session-18.scope'), uid: 1000 }],
  ['62 user manager', USER, { ...unit('user@1000.service'), uid: 1000 }],
  [
    '63 burstable, containerd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod03f3f104_3215_44f2_9686_d4dd1f05a7ed.slice/cri-containerd-${A}.scope`,
    podContainer('containerd', A, '03f3f104-3215-44f2-9686-d4dd1f05a7ed', 'burstable'),
  ],
  [
    '64 minikube',
    `/docker/${B}/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/crio-${A}.scope`,
    podContainer('cri-o', A, UID, 'besteffort'),
  ],
  [
    '65 container beside 40',
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${UID_}.slice/cri-containerd-${B}.scope`,
    podContainer('containerd', B, UID, 'besteffort'),
  ],
  [
    '66 mount unit with an id',
    `/system.slice/run-containerd-io.containerd.runtime.v1.linux-k8s.io-${A}-rootfs.mount`,
    unit(`run-containerd-io.containerd.runtime.v1.linux-k8s.io-${A}-rootfs.mount`),
  ],
  ['67 v2 line of a hybrid host', '/system.slice/containerd.service', unit('containerd.service')],
  ['67 v1 line', `/docker/${A}`, docker()],
  ['68 inside a container', '/', { kind: 'root' }],
  ['69 Nomad v1', '/nomad', { kind: 'cgroup' }],
  ['70 k3s in docker', `/docker/${A}`, docker()],
  ['71 podman inside docker', `/docker/${B}/libpod_parent/libpod-${A}`, podman()],
  ['72 mesos agent', `/docker/${A}`, docker()],
  ['74 perf_event', `/docker/${A}`, docker()],
  ['75 docker', `/system.slice/docker-${A}.scope`, docker()],
];

/** The same rows where the reports give the whole path, as they give it. */
export const COMPLETE_PATHS: readonly string[] = [
  '/docker/dd479c33249f6c3f0f1189aa88f07dad3eeb3e6fedfc71385c27ddd699994831',
  '/system.slice/docker-72e5a5ff5eef3c4222a6551b992b9360a99122f77d2229783f0ee0946dfd800e.scope',
  '/system.slice/var-lib-docker-overlay-9f086b233ab7c786bf8b40b164680b658a8f00e94323868e288d6ce20bc92193-merged.mount',
  '/system.slice/docker-4cc1dbcc1f5e2167308451755563ab3c133d6d9144c2703c247c622b18cd396c.scope',
  '/system.slice/system-docker.slice/docker-d6b15f04feb95083acea4b9caa6e59f8ebe67e3e3cf9cb8c59fad543490ee3ef.scope',
  '/my-example-cgroup.slice/docker-f903f3cc12f1d6c801d64c8ae04638faeb899c438d6f5d65f3352810d0181007.scope',
  '/docker/9207737cd20ff309d023da579d810f84ffb7d9bcdebb4b527ba26d14160f1bf8',
  '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod79227834_afc5_4f67_bf05_594a0d4d36bb.slice/crio-b8733da86dee2260690fa0405587ed3beb9d3dca01f39297008529b4a8654743.scope',
  '/docker/81950eac55062e5d8e7b5567d1036e4b146dfe212bdc9263c97347e6ce86b904',
  '/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-132ff0d72245e6f13a3bbc6cdc5376886897b60ac59eaa8dea1df7ab959cbf1c.scope',
  '/user-1000.slice/user@1000.service/user.slice/libpod_parent/libpod-d9b0700a382b6ed6b95ea0c2031dfd82c9430d696e98ab2a6d9c725323754e23.scope',
  '/user.slice/user-1049.slice/user@1049.service/user.slice/user-libpod_pod_3206538f745dafcf8a9d41eb08cd2867031d2e12b79b195c10543a2078bba133.slice',
  '/system.slice/quadlet-minimal.service/libpod-payload-91c57c2ae87a8d57123bbb3083b3e158b911c4fd485da131f636f83f979b092c',
  '/nomad.slice/libpod-71531bfec2f731bd685dda3257c1ee258739abffff2f8133ad99518d86eb43bc.scope/container',
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod87c52d60_fefd_45a9_a420_895256fc03b5.slice/cri-containerd-a126df15fba5713f57f1abad9c484cb75569e9f48f1169bd9710f63bb8af0e46.scope',
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod187bff14cccb94f179e943eacce55bb3.slice/cri-containerd-c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415.scope',
  '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod6553a60b_2b97_442a_b6da_a5704d81dd98.slice/docker-703b1b4e811f56673d68f9531204e5dd4963e734e2929a7056fd5f33fde4abaf.scope',
  '/kubepods/besteffort/podd76e26fba3bf2bfd215eb29011d55250/40af7cdcbe507acad47a5a62025743ad3ddc6ab93b77b21363aa1c1d641047c9',
  '/kubepods/pod068e8fa0-9213-11e7-a01f-507b9d4141fa/40af7cdcbe507acad47a5a62025743ad3ddc6ab93b77b21363aa1c1d641047c9',
  '/system.slice/containerd.service/kubepods-burstable-pod7a875b5c_4d3c_4345_ac0f_5c847d8d7129.slice:cri-containerd:ee05f876e981d258209f91f25f139f7abc13a0246a5f343298572602fea8c7bb',
  '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-d7dfb4a21fe1703a8537e60d5af248af729315d187b24a538102d14874c8117d.scope',
  '10/pods/something/podf53e4581-54ac-4956-8ee4-c696f65fb524/1bad82fb2f23afadb8e3ab2b26ec6345916a276402b5cface26360d8f19e78dd',
  '/system.slice/containerd.service/cpuset/28b29b54a96c2523f0240e1cff00365e2f67d6e39103742cfa0321657466756e',
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod03f3f104_3215_44f2_9686_d4dd1f05a7ed.slice/cri-containerd-09d185410c4e25236cc24717f881589bb0978b24eafd101624e627a4dd8d3439.scope',
  '/docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2ca4a155_3599_498d_bb9d_4446693fa3ea.slice/crio-358607a37e7ada357032e7f5729c9ae6a3efdb7962acbcbe47ff6a3c5506cb1c.scope',
  '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-a09bc17f5aa29b0dbdec9ede5f46cf1396d2405917ab02e6f1eb1019f388396e.scope',
  '/system.slice/run-containerd-io.containerd.runtime.v1.linux-k8s.io-14ae50f1d3ada102aec3ab00168fdafb2dc0986d79ca9e8d5b75581fa89e9fea-rootfs.mount',
  '/docker/a2ffe0e97ac22657a2a023ad628e9df837c38a03b1ebc904d3f6d644eb1a1a81',
  '/docker/10234c078fce6da0cb3e58c9da71a01852f0241bd5ce6b0e9fd19ec296e1aea0',
  '/docker/6d92b9cb206a8306c2bac301942583f05318f71f10dc4e8816680d8823342537',
  '/docker/da09413f3e39d82a2be453a6caf14c55cd3127611549557cc70c50565ef5f0f6',
  '/docker/611a8d133d2c636e777745e4dbb1d5866a068fe0f6cc87033e52fe139fca5ba1',
  '/docker/20a0d36eb400bf1590c129bc62c94f45794d9057e6a5074fa66c6277bc45b658',
  '/system.slice/docker-66cafeafad0cd74a190f382535aa1918a4769496ad3fe58db90e43c9dd2115df.scope',
];
