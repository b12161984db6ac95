/*
 * Populates many cgroups at the least cost: one process in each, all in one address space. Paths of cgroups come a line each
 * on stdin, with `+` before those whose process works: argv[1] microseconds every argv[2] milliseconds. Prints `ready`; all
 * end with stdin, after an empty line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define STACK 16384

static long long work_nsec;
static struct timespec rest;

static long long used(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int live(void *works) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (works) {
    for (long long start = used(); used() - start < work_nsec;) {
    }
    nanosleep(&rest, NULL);
  }
  while (pause()) {
  }
  return 0;
}

int main(int argc, char **argv) {
  static char line[8192], path[8300], text[32];
  long pause_msec = argc > 2 ? atol(argv[2]) : 1000;

  work_nsec = (argc > 1 ? atol(argv[1]) : 100) * 1000LL;
  rest = (struct timespec){pause_msec / 1000, pause_msec % 1000 * 1000000};
  while (fgets(line, sizeof line, stdin) && line[0] != '\n') {
    int works = line[0] == '+';
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int pid = stack == MAP_FAILED ? -1 : clone(live, stack + STACK, CLONE_VM | SIGCHLD, works ? line : NULL);

    line[strcspn(line, "\n")] = 0;
    snprintf(path, sizeof path, "%s/cgroup.procs", line + works);
    int size = snprintf(text, sizeof text, "%d", pid);
    int fd = open(path, O_WRONLY);
    if (pid < 0 || fd < 0 || write(fd, text, size) != size) {
      perror(path);
      return 1;
    }
    close(fd);
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) {
  }
  return 0;
}
