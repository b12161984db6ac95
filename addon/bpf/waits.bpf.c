/*
 * Who ran while somebody waited: for each watched cgroup (a victim), and each cgroup that ran on a CPU on which at least
 * one of the victim's threads was runnable and waited, the time of that (the waited-behind matrix). And the block io of
 * each cgroup: what a device did for it, and for how long.
 *
 * Time is counted, never switches: preemptions say nothing of how long somebody held what another waited for.
 *
 * Each CPU has a state: which cgroup runs since when, and for each victim how many of its threads wait there since when.
 * An interval is charged when it ends, by a switch of the CPU or by the end of the wait. The state of a CPU is changed under
 * the lock of its run queue, but for a task that is migrated to it: hence the atomic operations.
 *
 * CO-RE: only the members named here are used, and the loader finds where the running kernel has them.
 * Built by `npm run build:bpf`; src/kernel/waits-bpf.ts reads the maps.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define VICTIMS 32
/* Levels of the hierarchy that are looked at for a victim, from the task's own cgroup up. */
#define LEVELS 24

/* Runners that are no cgroup; the ids of cgroups begin with 1, the root. */
#define IDLE 0ULL
#define THROTTLED ((__u64)-1)

struct kernfs_node {
	__u64 id;
} __attribute__((preserve_access_index));

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[];
} __attribute__((preserve_access_index));

/* Before Linux 6.1. */
struct cgroup___ids {
	__u64 ancestor_ids[0];
} __attribute__((preserve_access_index));

struct css_set {
	struct cgroup *dfl_cgrp;
} __attribute__((preserve_access_index));

struct cfs_rq {
	int throttle_count;
} __attribute__((preserve_access_index));

struct task_group {
	struct cfs_rq **cfs_rq;
} __attribute__((preserve_access_index));

struct thread_info {
	unsigned int cpu;
} __attribute__((preserve_access_index));

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int on_cpu;
	unsigned int __state;
	struct css_set *cgroups;
	struct task_group *sched_task_group;
} __attribute__((preserve_access_index));

/* Where thread_info does not tell it. */
struct task_struct___cpu {
	unsigned int cpu;
} __attribute__((preserve_access_index));

struct gendisk {
	int major;
	int first_minor;
} __attribute__((preserve_access_index));

struct request_queue {
	struct gendisk *disk;
} __attribute__((preserve_access_index));

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} __attribute__((preserve_access_index));

struct blkcg {
	struct cgroup_subsys_state css;
} __attribute__((preserve_access_index));

struct blkcg_gq {
	struct blkcg *blkcg;
} __attribute__((preserve_access_index));

struct bio {
	struct blkcg_gq *bi_blkg;
} __attribute__((preserve_access_index));

/* Before Linux 5.17. */
struct request___disk {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

struct request {
	struct request_queue *q;
	struct bio *bio;
	unsigned int __data_len;
} __attribute__((preserve_access_index));

/* Of one victim on one CPU. */
struct slot {
	__u32 waiting;
	/* Whether its quota was used up there when the interval began. */
	__u32 throttled;
	/* Up to here it is charged. */
	__u64 since;
	/* Address of the cfs_rq of the thread that began to wait last. */
	__u64 cfs_rq;
};

struct cpu_state {
	/* The runner runs since; 0 before the first switch that was seen. */
	__u64 at;
	__u64 runner;
	/* Victims that wait. */
	__u64 mask;
	struct slot slots[VICTIMS];
};

struct task_state {
	__u32 generation;
	__u32 cpu;
	/* Victims that wait with it; 0: it does not wait. */
	__u64 mask;
};

struct known {
	__u64 generation;
	__u64 mask;
};

struct cell {
	__u64 runner;
	__u32 victim;
	__u32 unused;
};

struct io_key {
	__u64 cgroup;
	__u32 major;
	__u32 minor;
};

struct io_value {
	__u64 ops;
	__u64 bytes;
	__u64 ns;
};

struct started {
	struct io_key key;
	__u64 at;
	__u64 bytes;
};

/* Which set of victims is watched; 0: none, and nothing is counted. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} control SEC(".maps");

/* Index of a victim by the id of its cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VICTIMS);
	__type(key, __u64);
	__type(value, __u32);
} victims SEC(".maps");

/* Which victims a cgroup lies in, once that was looked up; where there is no room it is looked up each time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct known);
} cgroups SEC(".maps");

/* One a CPU; the loader sets how many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

/* Nanoseconds. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct cell);
	__type(value, __u64);
} matrix SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct started);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct io_key);
	__type(value, struct io_value);
} io SEC(".maps");

/* Updates that found no room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

static __always_inline __u64 generation_now(void)
{
	__u32 zero = 0;
	__u64 *generation = bpf_map_lookup_elem(&control, &zero);

	return generation ? *generation : 0;
}

static __always_inline void count_lost(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&lost, &zero);

	if (count)
		*count += 1;
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/* The victims that this cgroup is or lies in. */
static __noinline __u64 look_up_victims(struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	int level = BPF_CORE_READ(cgroup, level);
	__u64 mask = 0;

	for (int i = 0; i < LEVELS && i <= level; i++) {
		__u64 id = 0;

		if (bpf_core_field_exists(cgroup->ancestors)) {
			struct cgroup *ancestor = NULL;

			bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
					      (void *)cgroup + bpf_core_field_offset(cgroup->ancestors) +
						      (level - i) * sizeof(ancestor));
			id = BPF_CORE_READ(ancestor, kn, id);
		} else {
			struct cgroup___ids *ids = (void *)cgroup;

			bpf_probe_read_kernel(&id, sizeof(id),
					      (void *)cgroup + bpf_core_field_offset(ids->ancestor_ids) +
						      (level - i) * sizeof(id));
		}
		__u32 *victim = bpf_map_lookup_elem(&victims, &id);

		if (victim)
			mask |= 1ULL << (*victim & (VICTIMS - 1));
	}
	return mask;
}

static __always_inline __u64 victims_of(struct task_struct *task, __u64 generation)
{
	__u64 id = cgroup_of(task);
	struct known *known = bpf_map_lookup_elem(&cgroups, &id);

	if (known && known->generation == generation)
		return known->mask;
	struct known found = { .generation = generation, .mask = look_up_victims(task) };

	bpf_map_update_elem(&cgroups, &id, &found, BPF_ANY);
	return found.mask;
}

static __always_inline __u32 is_throttled(__u64 cfs_rq)
{
	int count = 0;
	struct cfs_rq *at = (void *)cfs_rq;

	if (!cfs_rq || !bpf_core_field_exists(at->throttle_count))
		return 0;
	bpf_probe_read_kernel(&count, sizeof(count), &at->throttle_count);
	return count > 0;
}

/* The address of the cfs_rq in which this task waits; 0 without group scheduling. */
static __always_inline __u64 cfs_rq_of(struct task_struct *task, __u32 cpu)
{
	struct cfs_rq **all = NULL;
	struct cfs_rq *one = NULL;

	if (!bpf_core_field_exists(task->sched_task_group))
		return 0;
	all = task->sched_task_group->cfs_rq;
	bpf_probe_read_kernel(&one, sizeof(one), all + cpu);
	return (__u64)one;
}

/* Charges what this victim waited on this CPU up to now. Global, so that the verifier looks at it once. */
__noinline int charge(__u32 cpu, __u32 victim, __u64 now)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);

	if (!state || victim >= VICTIMS)
		return 0;
	struct slot *slot = &state->slots[victim];
	/* The wait may have begun within the runner's slice, and a part of the slice may be charged already. */
	__u64 from = state->at > slot->since ? state->at : slot->since;
	struct cell cell = { .victim = victim, .runner = slot->throttled ? THROTTLED : state->runner };

	if (state->at != 0 && now > from) {
		__u64 ns = now - from;
		__u64 *sum = bpf_map_lookup_elem(&matrix, &cell);

		if (sum)
			*sum += ns;
		else if (bpf_map_update_elem(&matrix, &cell, &ns, BPF_NOEXIST))
			count_lost();
	}
	slot->since = now;
	slot->throttled = is_throttled(slot->cfs_rq);
	return 0;
}

/* `now`: 0 where nobody has asked for the time yet, which most tasks do not need. */
static __noinline void begin_wait(struct task_struct *task, __u32 cpu, __u64 now, __u64 generation)
{
	__u64 mask = victims_of(task, generation);

	if (!mask)
		return;
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);

	if (!state)
		return;
	if (!now)
		now = bpf_ktime_get_ns();
	struct task_state *own = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!own) {
		count_lost();
		return;
	}
	if (own->generation == (__u32)generation && own->mask)
		return;
	own->generation = generation;
	own->cpu = cpu;
	own->mask = mask;
	__u64 cfs_rq = cfs_rq_of(task, cpu);

	for (int victim = 0; victim < VICTIMS && mask >> victim; victim++) {
		if (!(mask & (1ULL << victim)))
			continue;
		struct slot *slot = &state->slots[victim];

		if (__sync_fetch_and_add(&slot->waiting, 1) != 0)
			continue;
		slot->since = now;
		slot->cfs_rq = cfs_rq;
		slot->throttled = is_throttled(cfs_rq);
		__sync_fetch_and_or(&state->mask, 1ULL << victim);
	}
}

/* Gives whether it waited. */
static __noinline int end_wait(struct task_struct *task, __u64 now, __u64 generation)
{
	struct task_state *own = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (!own || own->generation != (__u32)generation || !own->mask)
		return 0;
	__u32 cpu = own->cpu;
	__u64 mask = own->mask;
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);

	own->mask = 0;
	if (!state)
		return 0;
	for (int victim = 0; victim < VICTIMS && mask >> victim; victim++) {
		if (!(mask & (1ULL << victim)))
			continue;
		struct slot *slot = &state->slots[victim];

		if (__sync_fetch_and_add(&slot->waiting, -1) != 1)
			continue;
		charge(cpu, victim, now);
		__sync_fetch_and_and(&state->mask, ~(1ULL << victim));
	}
	return 1;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 generation = generation_now();
	__u32 cpu = bpf_get_smp_processor_id();

	if (!generation)
		return 0;
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);

	if (!state)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	__u64 mask = state->mask;

	if (mask) {
		for (int victim = 0; victim < VICTIMS && mask >> victim; victim++) {
			if (mask & (1ULL << victim))
				charge(cpu, victim, now);
		}
	}
	state->at = now;
	state->runner = next->pid == 0 ? IDLE : cgroup_of(next);
	if (next->pid != 0)
		end_wait(next, now, generation);
	/* Preempted, or turned out of its CPU: it would run on. */
	if (prev->pid != 0 && (preempt || prev->__state == 0))
		begin_wait(prev, cpu, now, generation);
	return 0;
}

/* The CPU on whose run queue it is. */
static __always_inline __u32 cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return task->thread_info.cpu;
	return BPF_CORE_READ((struct task_struct___cpu *)task, cpu);
}

static __always_inline int woken(struct task_struct *task)
{
	__u64 generation = generation_now();

	/* Woken before it had left its CPU, it does not wait. */
	if (generation && !task->on_cpu)
		begin_wait(task, cpu_of(task), 0, generation);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *task, int to)
{
	__u64 generation = generation_now();

	if (!generation)
		return 0;
	__u64 now = bpf_ktime_get_ns();

	if (end_wait(task, now, generation))
		begin_wait(task, to, now, generation);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *request)
{
	struct started started = {};
	__u64 key = (__u64)request;
	struct gendisk *disk;

	if (!generation_now())
		return 0;
	if (bpf_core_field_exists(request->q->disk))
		disk = BPF_CORE_READ(request, q, disk);
	else
		disk = BPF_CORE_READ((struct request___disk *)request, rq_disk);
	started.key.major = BPF_CORE_READ(disk, major);
	started.key.minor = BPF_CORE_READ(disk, first_minor);
	if (bpf_core_field_exists(request->bio->bi_blkg))
		started.key.cgroup = BPF_CORE_READ(request, bio, bi_blkg, blkcg, css.cgroup, kn, id);
	started.bytes = BPF_CORE_READ(request, __data_len);
	started.at = bpf_ktime_get_ns();
	bpf_map_update_elem(&requests, &key, &started, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *request)
{
	__u64 key = (__u64)request;
	struct started *started = bpf_map_lookup_elem(&requests, &key);
	struct io_value value = { .ops = 1 };

	/* Issued before we looked, or completed in parts: then its first part has counted all of it. */
	if (!started)
		return 0;
	struct io_key at = started->key;

	value.bytes = started->bytes;
	value.ns = bpf_ktime_get_ns() - started->at;
	bpf_map_delete_elem(&requests, &key);
	if (!generation_now())
		return 0;
	struct io_value *sum = bpf_map_lookup_elem(&io, &at);

	if (!sum) {
		if (bpf_map_update_elem(&io, &at, &value, BPF_NOEXIST))
			count_lost();
		return 0;
	}
	sum->ops += value.ops;
	sum->bytes += value.bytes;
	sum->ns += value.ns;
	return 0;
}
