/**
 * Faults that users reported of tools of this kind. A test that keeps one from happening here cites its number: `case 59`.
 * docs/field-cases.md is made from this table and from those citations (`npm run docs`).
 */
export interface FieldCase {
  /** Public reports: repository and number. */
  readonly reports: string;
  readonly fault: string;
  readonly right: string;
}

const row = (reports: string, fault: string, right: string): FieldCase => ({ reports, fault, right });

export const FIELD_CASES: ReadonlyMap<number, FieldCase> = new Map([
  [
    11,
    row(
      'htop#993',
      'More CPUs are shown than a container may use.',
      'The host is the CPUs of `cpuset.cpus.effective`.',
    ),
  ],
  [
    38,
    row(
      'benchexec#1047, moby#34584',
      'A path of another cgroup namespace (`0::/../../../x`) is not found.',
      'The path is resolved against our own cgroup, or refused.',
    ),
  ],
  [
    54,
    row(
      'systemd#22095, DataDog/datadog-agent#37190, runc#3821',
      '`cgroup.procs` of a threaded cgroup answers EOPNOTSUPP.',
      'Its threads are read from `cgroup.threads`.',
    ),
  ],
  [
    55,
    row(
      'libcgroup#271, gvisor#8111, runc#2298',
      '`+memory` in `cgroup.subtree_control` answers EBUSY where the cgroup holds processes.',
      'The no-internal-process rule is explained, with what to do.',
    ),
  ],
  [
    56,
    row(
      'ProcessKit-rs#39',
      '`+cpu` where the cgroup holds processes makes it threaded, and later writes fail.',
      'It is done with `--force` only.',
    ),
  ],
  [
    58,
    row(
      'podman#13379, podman#8330, podman#21575',
      'A rootless container has no `cpu.max`.',
      'The controller that is not delegated is named, with the line that delegates it.',
    ),
  ],
  [
    59,
    row(
      'runc#3509, runc#3579',
      '`memory.max` below what is in use kills.',
      'It is refused with the numbers and a safer command.',
    ),
  ],
  [
    60,
    row(
      'moby#41233, podman#15727, crun#1011, systemd#5077',
      'A limit is lost with `systemctl daemon-reload`.',
      'systemd is asked to set it; where it has no property the plan says so, and the loss is found.',
    ),
  ],
  [61, row('podman#24610', 'An update of one limit resets the others.', 'Only what was named is written.')],
  [64, row('youki#78', 'A quota below 1 ms answers EINVAL.', 'The range is checked before anything is written.')],
  [
    68,
    row(
      'crun#315, moby#39541, compose#13898',
      '`--memory-swap` is taken for swap alone.',
      '`memory.swap.max` gets the difference of the two.',
    ),
  ],
  [
    69,
    row(
      'crun#570, minikube#10371',
      'Without swap accounting an update of memory fails.',
      'Only who asks for swap is told.',
    ),
  ],
  [
    70,
    row(
      'kubernetes#131216, runc#4772',
      "1024 of docker's CPU shares become a weight of 39.",
      "`cpu.weight` itself is shown, and the plan gives both of runc's formulas.",
    ),
  ],
  [72, row('systemd#14917', 'A reset leaves the old `cpu.max`.', 'Every write is read back.')],
  [
    74,
    row(
      'runc#5325, kubernetes#104280, runc#2753',
      'A container stays frozen after a freeze that timed out.',
      'It is thawed again, and the reason told.',
    ),
  ],
  [
    75,
    row(
      'lxd#3485, podman#4246',
      'The pids of a container are told as those of the host.',
      'Both are shown, from `NSpid` of /proc/PID/status.',
    ),
  ],
  [
    101,
    row(
      'systemd#36098, InitWare#46',
      "A capsule's or a user's `web.service` is taken for the system's, whose limits are then written.",
      'A unit is changed only if its manager says that its ControlGroup is this path.',
    ),
  ],
  [
    102,
    row(
      'the same without capsules',
      'A directory `web.service` in a delegated subtree is taken for the unit.',
      'It is a plain cgroup.',
    ),
  ],
  [
    103,
    row(
      'libcgroup#395',
      "systemd's directory `_cpuset.scope` is shown as a unit of that name.",
      'It is the unit `cpuset.scope`.',
    ),
  ],
  [104, row('slurm-job-exporter#66', 'The jobs of Slurm 26 are shown as plain cgroups.', 'They are jobs and steps.')],
  [
    105,
    row(
      'enroot#169',
      'A limit one level below, on the cgroup that holds all processes, is not shown.',
      'It counts as the limit of the step.',
    ),
  ],
  [
    106,
    row(
      'dotnet/runtime#113193',
      'A parent that is nearly full binds before the smaller limit of its child.',
      'The headroom is shown with the level that leaves it; a raise that has no effect is told.',
    ),
  ],
  [
    107,
    row(
      'KEP-5475',
      'Where `cgroup.max.descendants` is reached, a new cgroup fails with ENOENT.',
      'The file and its cgroup are named.',
    ),
  ],
  [
    108,
    row(
      'openjdk/jdk#21808',
      'Outside our own cgroup namespace nothing can be started, and the error says ENOENT.',
      'The error and `tscg doctor` say where we are.',
    ),
  ],
  [
    109,
    row(
      'podman#29422',
      'crun keeps `pids.max` at two levels; a roll-back leaves the inner one changed.',
      'Both levels are read, planned, verified and rolled back.',
    ),
  ],
  [
    110,
    row(
      'buildbuddy#12697',
      'The pages of a tmpfs count as reclaimable though there is no swap.',
      'They count as unreclaimable.',
    ),
  ],
  [
    111,
    row(
      'green-metrics-tool#1837',
      'io.stat lacks the figures of a device for one read; the next rate is the total of a lifetime.',
      'The rate is unavailable for that read, and then a true one.',
    ),
  ],
  [112, row('pi#7437, nono#989', 'Ctrl-Z under `ssh -t` stops tstop for ever.', 'It comes straight back.')],
  [113, row('seen here', 'tstop ends by a signal when its terminal closes.', 'It ends quietly, with 129.')],
  [
    114,
    row(
      'cgroups-rs#151',
      'A kernel with a third field in `cpu.max` makes every change fail to verify.',
      'The first two are compared.',
    ),
  ],
  [115, row('containerd#3857', 'An engine tells 4294967295 as the pid of a container.', 'It has no pid.')],
]);
