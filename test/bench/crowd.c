/*
 * Populates many cgroups at the least cost: one process in each, all of them in one address space. Paths of cgroups come a
 * line each on stdin, `+` before those whose process works: argv[1] microseconds of every 100 ms. Prints `ready`, and ends
 * with all of them at the end of stdin after an empty line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK 16384

static long work_usec;

static long long cpu_usec(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int live(void *works) {
  struct timespec pause_time = {0, 100000000};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!works)
    for (;;) pause();
  for (;;) {
    long long start = cpu_usec();
    while (cpu_usec() - start < work_usec) {
    }
    nanosleep(&pause_time, NULL);
  }
}

int main(int argc, char **argv) {
  static char line[8192], home[8192];
  work_usec = argc > 1 ? atol(argv[1]) : 1000;
  (void)home;
  while (fgets(line, sizeof line, stdin) && line[0] != '\n') {
    int works = line[0] == '+';
    line[strcspn(line, "\n")] = 0;
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return perror("mmap"), 1;
    int pid = clone(live, stack + STACK, CLONE_VM | SIGCHLD, works ? &work_usec : NULL);
    if (pid < 0) return perror("clone"), 1;
    char path[9000], text[32];
    snprintf(path, sizeof path, "%s/cgroup.procs", line + works);
    int fd = open(path, O_WRONLY);
    int size = snprintf(text, sizeof text, "%d", pid);
    if (fd < 0 || write(fd, text, size) != size) return perror(path), 1;
    close(fd);
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) {
  }
  return 0;
}
