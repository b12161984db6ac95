#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "descriptor.h"
#include "errors.h"
#include "values.h"

namespace tscg {
namespace {

constexpr size_t kDirectoryBuffer = 64 << 10;

struct Tree {
  std::vector<std::string> paths;
  std::vector<double> inodes;
  /** Whether it is known to have no directories. */
  std::vector<bool> leaves;
  /** Directories left out, whose paths are no UTF-8. */
  double hidden = 0;
};

bool IsUtf8(const char* text) {
  for (auto p = reinterpret_cast<const unsigned char*>(text); *p != 0;) {
    const unsigned char c = *p++;
    if (c < 0x80) continue;
    const int more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (more == 0) return false;
    // Overlong forms, surrogates, and what is beyond U+10FFFF.
    if ((c == 0xe0 && *p < 0xa0) || (c == 0xed && *p > 0x9f) || (c == 0xf0 && *p < 0x90) || (c == 0xf4 && *p > 0x8f)) {
      return false;
    }
    for (int i = 0; i < more; ++i, ++p) {
      if ((*p & 0xc0) != 0x80) return false;
    }
  }
  return true;
}

bool IsDirectory(int directory, const dirent64& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status;
  return fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/** isLeaf of src/inventory/walk.ts: a directory has two links, and one of each below it (kernfs_refresh_inode). */
bool IsLeaf(int directory, const char* name) {
  struct stat status;
  return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_nlink == 2;
}

/** The directories in `directory` to the end of the tree; 0 or errno. */
int ListChildren(int directory, const std::string& prefix, std::vector<char>& buffer, Tree& tree) {
  while (true) {
    const long size = syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
    if (size == 0) return 0;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    for (long offset = 0; offset < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + offset);
      offset += entry->d_reclen;
      if (!IsDirectory(directory, *entry)) continue;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      tree.paths.push_back(prefix + entry->d_name);
      tree.inodes.push_back(static_cast<double>(entry->d_ino));
      tree.leaves.push_back(IsLeaf(directory, entry->d_name));
    }
  }
}

bool Exhausted(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

/**
 * The tree is its own queue: parents first. What vanished on the way is left out, and what is no UTF-8 counted.
 * A cgroup without children is not opened.
 */
Failure WalkTree(const std::string& mount, std::string top, Tree& tree) {
  UniqueFd root(open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return {errno, "open", mount};
  while (top.size() > 1 && top.back() == '/') top.pop_back();
  if (top.empty()) top = "/";
  Tree found;
  found.paths.push_back(std::move(top));
  found.inodes.push_back(0);
  found.leaves.push_back(false);
  alignas(dirent64) std::vector<char> buffer(kDirectoryBuffer);
  for (size_t i = 0; i < found.paths.size(); ++i) {
    const std::string path = found.paths[i];
    if (!found.leaves[i]) {
      UniqueFd directory = OpenBeneath(root.get(), path, O_RDONLY | O_DIRECTORY, Symlinks::kRefuse);
      int error = directory ? 0 : errno;
      if (i == 0) {
        struct stat status;
        if (error != 0 || fstat(directory.get(), &status) < 0) return {error ? error : errno, "openat2", path};
        found.inodes[0] = static_cast<double>(status.st_ino);
      }
      const std::string prefix = path == "/" ? path : path + "/";
      if (error == 0) error = ListChildren(directory.get(), prefix, buffer, found);
      if (Exhausted(error)) return {error, "openat2", path};
      if (error != 0 && error != EACCES) continue;
    }
    if (!IsUtf8(path.c_str())) {
      ++tree.hidden;
      continue;
    }
    tree.paths.push_back(path);
    tree.inodes.push_back(found.inodes[i]);
  }
  return {};
}

}  // namespace

Napi::Value Walk(const Napi::CallbackInfo& info) {
  const std::string mount = info[0].As<Napi::String>();
  const std::string path = info[1].As<Napi::String>();
  auto tree = std::make_shared<Tree>();
  return RunAsync(
      info.Env(), "tscg.walk", [=] { return WalkTree(mount, path, *tree); },
      [tree](Napi::Env env) -> Napi::Value {
        const size_t count = tree->paths.size();
        auto paths = Napi::Array::New(env, count);
        for (uint32_t i = 0; i < count; ++i) paths.Set(i, Napi::String::New(env, tree->paths[i]));
        Napi::Object result = Napi::Object::New(env);
        result.Set("paths", paths);
        result.Set("inodes", Doubles(env, tree->inodes));
        result.Set("hidden", tree->hidden);
        return result;
      });
}

Napi::Value IsWritable(const Napi::CallbackInfo& info) {
  pollfd descriptor{info[0].As<Napi::Number>(), POLLOUT, 0};
  return Napi::Boolean::New(info.Env(), poll(&descriptor, 1, 0) == 1 && descriptor.revents == POLLOUT);
}

Napi::Value LockFile(const Napi::CallbackInfo& info) {
  const int descriptor = info[0].As<Napi::Number>();
  const int kind = info[1].As<Napi::Boolean>() ? LOCK_SH : LOCK_EX;
  while (flock(descriptor, kind | LOCK_NB) < 0) {
    if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
    if (errno != EINTR) throw SystemError(info.Env(), {errno, "flock", ""});
  }
  return Napi::Boolean::New(info.Env(), true);
}

Napi::Value OpenBeneathBinding(const Napi::CallbackInfo& info) {
  const std::string directory = info[0].As<Napi::String>();
  const std::string path = info[1].As<Napi::String>();
  UniqueFd top(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) throw SystemError(info.Env(), {errno, "open", directory});
  UniqueFd fd = OpenBeneath(top.get(), path, info[2].As<Napi::Number>().Int32Value(), Symlinks::kWithin);
  if (!fd) throw SystemError(info.Env(), {errno, "openat2", path});
  return Napi::Number::New(info.Env(), fd.release());
}

Napi::Value OpenInRootBinding(const Napi::CallbackInfo& info) {
  const auto found = std::make_shared<UniqueFd>();
  const Symlinks symlinks = info[2].As<Napi::Boolean>() ? Symlinks::kWithin : Symlinks::kRefuse;
  return RunAsync(
      info.Env(), "tscg.openInRoot",
      [found, symlinks, directory = info[0].As<Napi::String>().Utf8Value(),
       path = info[1].As<Napi::String>().Utf8Value()]() -> Failure {
        UniqueFd root(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root) return {errno, "open", directory};
        *found = OpenInRoot(root.get(), path, symlinks);
        return *found ? Failure{} : Failure{errno, "openat2", path};
      },
      [found](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, found->release()); });
}

Napi::Value CgroupId(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  struct {
    file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
  } space{};
  uint64_t id;
  space.handle.handle_bytes = MAX_HANDLE_SZ;
  int mount;
  if (name_to_handle_at(AT_FDCWD, path.c_str(), &space.handle, &mount, 0) < 0) {
    throw SystemError(info.Env(), {errno, "name_to_handle_at", path});
  }
  constexpr int kKernfs = 0xfe;  // FILEID_KERNFS
  if (space.handle.handle_type != kKernfs || space.handle.handle_bytes != sizeof id) {
    throw SystemError(info.Env(), {EOPNOTSUPP, "name_to_handle_at", path});
  }
  memcpy(&id, space.handle.f_handle, sizeof id);
  return Napi::BigInt::New(info.Env(), id);
}

}  // namespace tscg
