/*
 * Preloaded into a server, it moves the wall clock that the server reads, and nobody else's: by the
 * microseconds in the file that CLOCK_OFFSET_FILE names. (libfaketime does the same for most
 * programs, but not for one whose allocator reads the clock before it is set up, as Debian's Redis.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void open_offset(void) {
  const char *path = getenv("CLOCK_OFFSET_FILE");
  int file = path == NULL ? -1 : open(path, O_RDONLY);
  if (file < 0) return;
  void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) offset = page;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, clock, time);
  if (result != 0 || offset == NULL) return result;
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return result;
  int64_t nanoseconds = time->tv_nsec + *offset % 1000000 * 1000;
  time->tv_sec += *offset / 1000000;
  if (nanoseconds >= 1000000000) {
    nanoseconds -= 1000000000;
    time->tv_sec++;
  } else if (nanoseconds < 0) {
    nanoseconds += 1000000000;
    time->tv_sec--;
  }
  time->tv_nsec = nanoseconds;
  return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  time->tv_sec = precise.tv_sec;
  time->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *seconds) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (seconds != NULL) *seconds = precise.tv_sec;
  return precise.tv_sec;
}
