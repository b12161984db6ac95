#pragma once

#include <unistd.h>

#include <string>
#include <utility>

namespace tscg {

/** A file descriptor that is closed exactly once. */
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

enum class Symlinks { kRefuse, kWithin };

/**
 * An O_PATH descriptor of `path` as a process sees it whose root directory is `root`: a link, `..` or a leading `/`
 * never leads out of it (RESOLVE_IN_ROOT), and a magic link of procfs is refused. An invalid descriptor with errno on
 * failure; ENOSYS where the kernel or a seccomp filter has no openat2.
 */
UniqueFd OpenInRoot(int root, const std::string& path, Symlinks symlinks);

/**
 * Opens `path` beneath the directory (a leading `/` is the directory itself), never outside it nor on another mount:
 * openat2, and where the kernel or a seccomp filter has no openat2, step by step without following links. An invalid
 * descriptor with errno on failure. O_CLOEXEC is added.
 */
UniqueFd OpenBeneath(int directory, const std::string& path, int flags, Symlinks symlinks);

}  // namespace tscg
