#include "descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace tscg {
namespace {

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/** linux/openat2.h, which Debian 10 and RHEL 8 do not have. */
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
constexpr uint64_t kNoXdev = 0x01;
constexpr uint64_t kNoMagicLinks = 0x02;
constexpr uint64_t kNoSymlinks = 0x04;
constexpr uint64_t kBeneath = 0x08;

std::atomic<bool> without_openat2{false};

UniqueFd OpenStepByStep(int directory, const std::string& path, int flags) {
  struct stat top, here;
  if (fstat(directory, &top) < 0) return UniqueFd();
  UniqueFd parent;
  size_t start = 0;
  while (true) {
    const size_t slash = path.find('/', start);
    const bool last = slash == std::string::npos;
    const std::string name = path.substr(start, last ? slash : slash - start);
    if (name == "..") {
      errno = EXDEV;
      return UniqueFd();
    }
    const int at = parent ? parent.get() : directory;
    UniqueFd next(openat(at, name.empty() ? "." : name.c_str(),
                         O_CLOEXEC | O_NOFOLLOW | (last ? flags : O_PATH | O_DIRECTORY)));
    if (!next) return next;
    if (fstat(next.get(), &here) < 0) return UniqueFd();
    if (here.st_dev != top.st_dev || S_ISLNK(here.st_mode)) {
      errno = S_ISLNK(here.st_mode) ? ELOOP : EXDEV;
      return UniqueFd();
    }
    if (last) return next;
    parent = std::move(next);
    start = slash + 1;
  }
}

}  // namespace

UniqueFd OpenBeneath(int directory, const std::string& path, int flags, Symlinks symlinks) {
  if (path.find('\0') != std::string::npos) {
    errno = ENOENT;
    return UniqueFd();
  }
  const size_t first = path.find_first_not_of('/');
  const std::string relative = first == std::string::npos ? "." : path.substr(first);
  if (!without_openat2) {
    OpenHow how{};
    how.flags = static_cast<uint64_t>(static_cast<uint32_t>(flags | O_CLOEXEC));
    how.resolve = kBeneath | kNoXdev | kNoMagicLinks | (symlinks == Symlinks::kRefuse ? kNoSymlinks : 0);
    int fd;
    do {
      fd = static_cast<int>(syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof how));
      // EAGAIN: something was renamed or mounted meanwhile, so that the kernel could not be sure.
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && !(flags & O_NONBLOCK))));
    if (fd >= 0) return UniqueFd(fd);
    // EPERM: seccomp filters older than openat2 say so for what they do not know.
    if (errno != ENOSYS && errno != EPERM) return UniqueFd();
    if (errno == ENOSYS) without_openat2 = true;
  }
  return OpenStepByStep(directory, relative, flags);
}

}  // namespace tscg
