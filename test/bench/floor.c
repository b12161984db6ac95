/*
 * The floor of a collector's pass: preads of kept descriptors into one buffer, and nothing else. Paths come a line each
 * on stdin; argv[1] is the number of passes. Prints the nanoseconds of each pass, a line each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
  static char path[8192], buffer[64 << 10];
  size_t count = 0, room = 0;
  int *files = NULL;
  int passes = argc > 1 ? atoi(argv[1]) : 1;

  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = 0;
    if (count == room && !(files = realloc(files, (room = room * 2 + 1024) * sizeof *files))) return 1;
    if ((files[count++] = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
      perror(path);
      return 1;
    }
  }
  for (int pass = 0; pass < passes; pass++) {
    long long start = now();
    for (size_t i = 0; i < count; i++) {
      if (pread(files[i], buffer, sizeof buffer, 0) < 0) {
        perror("pread");
        return 1;
      }
    }
    printf("%lld\n", now() - start);
  }
  return 0;
}
