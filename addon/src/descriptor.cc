#include "descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

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
constexpr uint64_t kInRoot = 0x10;

/** Another process can keep the kernel from being sure (EAGAIN) as long as it renames; then it is an error. */
constexpr int kMostTries = 64;

std::atomic<bool> without_openat2{false};

/** An invalid descriptor with errno on failure; ENOSYS where the kernel or a seccomp filter has no openat2. */
UniqueFd OpenAt2(int directory, const std::string& path, int flags, uint64_t resolve) {
  if (!without_openat2) {
    OpenHow how{};
    how.flags = static_cast<uint64_t>(static_cast<uint32_t>(flags | O_CLOEXEC));
    how.resolve = resolve;
    for (int tries = 1;; ++tries) {
      UniqueFd fd(static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
      if (fd) return fd;
      // EAGAIN: something was renamed or mounted while `..` was resolved. O_NONBLOCK gives it for other reasons too.
      if (errno != EINTR && (errno != EAGAIN || (flags & O_NONBLOCK) != 0 || tries >= kMostTries)) break;
    }
    // EPERM: seccomp filters older than openat2 say so for what they do not know.
    if (errno != ENOSYS && errno != EPERM) return UniqueFd();
    if (errno == ENOSYS) without_openat2 = true;
  }
  errno = ENOSYS;
  return UniqueFd();
}

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
    UniqueFd next(
        openat(at, name.empty() ? "." : name.c_str(), O_CLOEXEC | O_NOFOLLOW | (last ? flags : O_PATH | O_DIRECTORY)));
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
  const uint64_t links = symlinks == Symlinks::kRefuse ? kNoSymlinks : 0;
  UniqueFd fd = OpenAt2(directory, relative, flags, kBeneath | kNoXdev | kNoMagicLinks | links);
  return fd || errno != ENOSYS ? std::move(fd) : OpenStepByStep(directory, relative, flags);
}

UniqueFd OpenInRoot(int root, const std::string& path, Symlinks symlinks) {
  if (path.find('\0') != std::string::npos) {
    errno = ENOENT;
    return UniqueFd();
  }
  const uint64_t links = symlinks == Symlinks::kRefuse ? kNoSymlinks : 0;
  return OpenAt2(root, path, O_PATH, kInRoot | kNoMagicLinks | links);
}

}  // namespace tscg
