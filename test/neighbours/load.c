/*
 * Victims and neighbours of the bench: one program, statically linked, so that the guest runs it as it is.
 *
 *     load [--stats FILE] [--seed N] [--cpu N] [--threads N] MODE ARGUMENT…
 *
 *     cpu ON_US OFF_US        work of ON_US (as long as it takes), then sleep about OFF_US; OFF_US 0: never sleeps
 *     burst ON_MS OFF_MS      busy for ON_MS of wall time, asleep for OFF_MS
 *     forks ON_US             a child that works for ON_US, and the next
 *     children N              forks children that sleep a little, N at a time
 *     read|write FILE BYTES OFF_US   O_DIRECT at random places of the first 64 MiB
 *     fsync FILE OFF_US       writes 4 KiB and waits until it is on the disk
 *     cache FILE MIB OFF_US   reads all of a file again and again, through the page cache
 *     touch MIB OFF_US        writes to each page of so much memory, again and again
 *     grow MIB STEP_KIB OFF_US   takes so much memory in steps, and keeps on touching the last of it
 *
 * FILE of --stats: five numbers of 64 bits: operations, nanoseconds of wall time and of CPU time that they took, failures,
 * and nanoseconds of CPU time of a yardstick beside each operation of cache, touch and grow: the same work each time.
 * Without --cpu it may use every CPU, whatever its parent may.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct stats {
  _Atomic uint64_t operations, wall_ns, cpu_ns, failures, yard_ns;
};

static struct stats *stats;
static uint64_t seed = 1;
static int mode_argc;
static char **mode_argv;
static double iterations_per_us;

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

static uint64_t draw(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static void spin(uint64_t iterations) {
  for (volatile uint64_t i = 0; i < iterations; i++) {
  }
}

/* By the thread's own CPU time, so that a neighbour does not make the work smaller. */
static void calibrate(void) {
  const uint64_t tries = 400000;
  double best = 0;
  for (int round = 0; round < 5; round++) {
    uint64_t from = now(CLOCK_THREAD_CPUTIME_ID);
    spin(tries);
    double rate = tries / ((now(CLOCK_THREAD_CPUTIME_ID) - from) / 1000.0);
    if (rate > best) best = rate;
  }
  iterations_per_us = best;
}

static double argument(int index) { return index < mode_argc ? atof(mode_argv[index]) : 0; }

/* Between half and one and a half of it. */
static void rest(double us, uint64_t *state) {
  if (us <= 0) return;
  double part = 0.5 + (draw(state) % 1000) / 1000.0;
  uint64_t ns = us * part * 1000;
  struct timespec time = {ns / 1000000000u, ns % 1000000000u};
  nanosleep(&time, NULL);
}

struct moment {
  uint64_t wall, cpu;
};

static struct moment start(void) {
  struct moment moment = {now(CLOCK_MONOTONIC), now(CLOCK_THREAD_CPUTIME_ID)};
  return moment;
}

static void count(struct moment from) {
  stats->cpu_ns += now(CLOCK_THREAD_CPUTIME_ID) - from.cpu;
  stats->wall_ns += now(CLOCK_MONOTONIC) - from.wall;
  stats->operations++;
}

/* By CPU time, so that only a CPU that is slow or late makes it longer, and no neighbour in the guest. */
static void yardstick(void) {
  const uint64_t iterations = 50000;
  uint64_t from = now(CLOCK_THREAD_CPUTIME_ID);
  spin(iterations);
  stats->yard_ns += now(CLOCK_THREAD_CPUTIME_ID) - from;
}

static void cpu(uint64_t *state) {
  uint64_t work = argument(1) * iterations_per_us;
  for (;;) {
    struct moment from = start();
    spin(work);
    count(from);
    rest(argument(2), state);
  }
}

static void burst(uint64_t *state) {
  for (;;) {
    uint64_t end = now(CLOCK_MONOTONIC) + argument(1) * 1e6;
    while (now(CLOCK_MONOTONIC) < end) spin(1000);
    stats->operations++;
    struct timespec time = {0, argument(2) * 1e6};
    nanosleep(&time, NULL);
    (void)state;
  }
}

static void forks(void) {
  uint64_t work = argument(1) * iterations_per_us;
  for (;;) {
    pid_t child = fork();
    if (child == 0) {
      spin(work);
      _exit(0);
    }
    if (child < 0) stats->failures++;
    else waitpid(child, NULL, 0);
    stats->operations++;
  }
}

static void children(void) {
  int most = argument(1), alive = 0;
  for (;;) {
    struct moment from = start();
    pid_t child = fork();
    if (child == 0) {
      usleep(100000);
      _exit(0);
    }
    if (child < 0) {
      stats->failures++;
      usleep(20000);
    } else {
      alive++;
      count(from);
    }
    while (alive > 0 && waitpid(-1, NULL, alive >= most ? 0 : WNOHANG) > 0) alive--;
  }
}

static void direct(uint64_t *state, int is_write) {
  size_t bytes = argument(2);
  int fd = open(mode_argv[1], (is_write ? O_RDWR : O_RDONLY) | O_DIRECT);
  void *buffer;
  if (fd < 0 || posix_memalign(&buffer, 4096, bytes)) exit(3);
  memset(buffer, 1, bytes);
  uint64_t places = (64u << 20) / bytes;
  for (;;) {
    off_t at = draw(state) % places * bytes;
    struct moment from = start();
    ssize_t done = is_write ? pwrite(fd, buffer, bytes, at) : pread(fd, buffer, bytes, at);
    if (done < 0) stats->failures++;
    count(from);
    rest(argument(3), state);
  }
}

static void fsyncs(uint64_t *state) {
  unlink(mode_argv[1]); /* what is left of another run belongs to the cgroup of that */
  int fd = open(mode_argv[1], O_RDWR | O_CREAT, 0600);
  char block[4096] = {1};
  if (fd < 0) exit(3);
  for (;;) {
    struct moment from = start();
    if (pwrite(fd, block, sizeof block, draw(state) % 256 * sizeof block) < 0 || fsync(fd)) stats->failures++;
    count(from);
    rest(argument(2), state);
  }
}

static void cache(uint64_t *state) {
  int fd = open(mode_argv[1], O_RDONLY);
  static char block[65536];
  uint64_t blocks = argument(2) * (1 << 20) / sizeof block;
  if (fd < 0 || blocks == 0) exit(3);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* a page belongs to the cgroup that read it first */
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);   /* read ahead while it rests, a lost page would cost it nothing */
  for (;;) {
    for (uint64_t i = 0; i < blocks; i++) {
      yardstick();
      struct moment from = start();
      if (pread(fd, block, sizeof block, i * sizeof block) < 0) stats->failures++;
      count(from);
      rest(argument(3), state);
    }
  }
}

static void touch(uint64_t *state) {
  uint64_t bytes = argument(1) * (1 << 20);
  volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(3);
  for (;;) {
    for (uint64_t at = 0; at < bytes;) {
      yardstick();
      struct moment from = start();
      for (int page = 0; page < 64 && at < bytes; page++, at += 4096)
        for (int word = 0; word < 4096; word += 8) memory[at + word]++;
      count(from);
      rest(argument(2), state);
    }
  }
}

static void grow(uint64_t *state) {
  uint64_t bytes = argument(1) * (1 << 20), step = argument(2) * 1024;
  volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(3);
  for (uint64_t at = 0;; at = (at + step) % bytes) {
    yardstick();
    struct moment from = start();
    for (uint64_t page = 0; page < step && at + page < bytes; page += 4096) memory[at + page]++;
    count(from);
    rest(argument(3), state);
  }
}

static void *run(void *index) {
  uint64_t state = seed * 0x9e3779b97f4a7c15u + (uintptr_t)index * 0xbf58476d1ce4e5b9u + 1;
  const char *mode = mode_argv[0];
  if (!strcmp(mode, "cpu")) cpu(&state);
  if (!strcmp(mode, "burst")) burst(&state);
  if (!strcmp(mode, "forks")) forks();
  if (!strcmp(mode, "children")) children();
  if (!strcmp(mode, "read")) direct(&state, 0);
  if (!strcmp(mode, "write")) direct(&state, 1);
  if (!strcmp(mode, "fsync")) fsyncs(&state);
  if (!strcmp(mode, "cache")) cache(&state);
  if (!strcmp(mode, "touch")) touch(&state);
  if (!strcmp(mode, "grow")) grow(&state);
  exit(2);
}

/* Below 0: to all of them. */
static void bind(int only) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (only < 0 || cpu == only) CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

int main(int argc, char **argv) {
  const char *file = NULL;
  int threads = 1, at = 1;
  bind(-1);
  for (; at + 1 < argc && !strncmp(argv[at], "--", 2); at += 2) {
    if (!strcmp(argv[at], "--stats")) file = argv[at + 1];
    if (!strcmp(argv[at], "--seed")) seed = strtoull(argv[at + 1], NULL, 10);
    if (!strcmp(argv[at], "--cpu")) bind(atoi(argv[at + 1]));
    if (!strcmp(argv[at], "--threads")) threads = atoi(argv[at + 1]);
  }
  if (at >= argc) return 2;
  mode_argc = argc - at;
  mode_argv = argv + at;
  int fd = file ? open(file, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
  if (fd >= 0 && ftruncate(fd, sizeof *stats)) return 3;
  stats = mmap(NULL, sizeof *stats, PROT_READ | PROT_WRITE, fd >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, fd, 0);
  if (stats == MAP_FAILED) return 3;
  calibrate();
  for (int index = 1; index < threads; index++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)(uintptr_t)index)) return 3;
  }
  run((void *)0);
}
