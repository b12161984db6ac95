#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "descriptor.h"
#include "values.h"

namespace tscg {
namespace {

constexpr size_t kLongestLink = 64;

/** `net:[4026531833]`: the inode, or the negative errno. */
double LinkInode(int directory, const char* name) {
  char text[kLongestLink];
  const ssize_t size = readlinkat(directory, name, text, sizeof text - 1);
  if (size < 0) return -errno;
  text[size] = '\0';
  const char* open = strchr(text, '[');
  return open == nullptr ? -EINVAL : static_cast<double>(strtoull(open + 1, nullptr, 10));
}

struct Related {
  /** 0 where it may not be seen. */
  uint64_t inode = 0;
  int error = 0;
};

struct Info {
  int type = 0;
  uint64_t inode = 0;
  uint64_t parent = 0;
  uint64_t owner = 0;
  bool has_owner_uid = false;
  uid_t owner_uid = 0;
};

/** Namespace that the ioctl leads to. */
Related Follow(int fd, unsigned long request) {
  UniqueFd related(ioctl(fd, request));
  if (!related) return {0, errno == EPERM ? 0 : errno};
  struct stat status;
  if (fstat(related.get(), &status) < 0) return {0, errno};
  return {status.st_ino, 0};
}

/** What the kernel tells of the namespace, or errno. */
std::variant<Info, int> Ask(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!fd || fstat(fd.get(), &status) < 0) return errno;
  Info info;
  info.type = ioctl(fd.get(), NS_GET_NSTYPE);
  if (info.type < 0) return errno;
  info.inode = status.st_ino;
  const Related owner = Follow(fd.get(), NS_GET_USERNS);
  if (owner.error != 0) return owner.error;
  info.owner = owner.inode;
  if (info.type == CLONE_NEWPID || info.type == CLONE_NEWUSER) {
    const Related parent = Follow(fd.get(), NS_GET_PARENT);
    if (parent.error != 0) return parent.error;
    info.parent = parent.inode;
  }
  if (info.type == CLONE_NEWUSER) {
    if (ioctl(fd.get(), NS_GET_OWNER_UID, &info.owner_uid) < 0) return errno;
    info.has_owner_uid = true;
  }
  return info;
}

Napi::Value InodeOrNull(Napi::Env env, uint64_t inode) {
  return inode == 0 ? env.Null() : Napi::Number::New(env, static_cast<double>(inode));
}

Napi::Value ToObject(Napi::Env env, const Info& info) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("type", Napi::Number::New(env, info.type));
  result.Set("inode", InodeOrNull(env, info.inode));
  result.Set("parent", InodeOrNull(env, info.parent));
  result.Set("owner", InodeOrNull(env, info.owner));
  result.Set("ownerUid", info.has_owner_uid ? Napi::Number::New(env, info.owner_uid) : env.Null());
  return result;
}

}  // namespace

Napi::Value ReadNamespaceInodes(const Napi::CallbackInfo& info) {
  const std::string proc = info[0].As<Napi::String>();
  const auto array = info[1].As<Napi::Uint32Array>();
  std::vector<uint32_t> pids(array.Data(), array.Data() + array.ElementLength());
  auto inodes = std::make_shared<std::vector<double>>();
  return RunAsync(
      info.Env(), "tscg.namespaceInodes",
      [inodes, proc, pids = std::move(pids), kinds = Strings(info[2])] {
        inodes->reserve(pids.size() * kinds.size());
        for (const uint32_t pid : pids) {
          const std::string path = proc + "/" + std::to_string(pid) + "/ns";
          UniqueFd directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
          const double error = directory ? 0 : -errno;
          for (const std::string& kind : kinds) {
            inodes->push_back(directory ? LinkInode(directory.get(), kind.c_str()) : error);
          }
        }
        return Failure{};
      },
      [inodes](Napi::Env env) -> Napi::Value { return Doubles(env, *inodes); });
}

Napi::Value ReadNamespaceInfo(const Napi::CallbackInfo& info) {
  auto answers = std::make_shared<std::vector<std::variant<Info, int>>>();
  return RunAsync(
      info.Env(), "tscg.namespaceInfo",
      [answers, paths = Strings(info[0])] {
        for (const std::string& path : paths) answers->push_back(Ask(path));
        return Failure{};
      },
      [answers](Napi::Env env) -> Napi::Value {
        auto result = Napi::Array::New(env, answers->size());
        for (uint32_t i = 0; i < answers->size(); ++i) {
          const auto& answer = (*answers)[i];
          if (const int* error = std::get_if<int>(&answer)) {
            result.Set(i, Napi::Number::New(env, *error));
          } else {
            result.Set(i, ToObject(env, std::get<Info>(answer)));
          }
        }
        return result;
      });
}

}  // namespace tscg
