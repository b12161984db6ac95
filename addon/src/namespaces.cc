#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "bindings.h"
#include "descriptor.h"
#include "errors.h"

namespace tscg {
namespace {

/** Inode of the namespace that the ioctl leads to; null where it may not be seen. */
Napi::Value Related(Napi::Env env, int fd, unsigned long request, const std::string& path) {
  UniqueFd related(ioctl(fd, request));
  if (!related) {
    if (errno == EPERM) return env.Null();
    throw SystemError(env, {errno, "ioctl", path});
  }
  struct stat status;
  if (fstat(related.get(), &status) < 0) throw SystemError(env, {errno, "fstat", path});
  return Napi::Number::New(env, static_cast<double>(status.st_ino));
}

}  // namespace

Napi::Value ReadNamespaceInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>();
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) throw SystemError(env, {errno, "open", path});
  struct stat status;
  if (fstat(fd.get(), &status) < 0) throw SystemError(env, {errno, "fstat", path});
  const int type = ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) throw SystemError(env, {errno, "ioctl", path});

  Napi::Object result = Napi::Object::New(env);
  result.Set("type", Napi::Number::New(env, type));
  result.Set("inode", Napi::Number::New(env, static_cast<double>(status.st_ino)));
  const bool nested = type == CLONE_NEWPID || type == CLONE_NEWUSER;
  result.Set("parent", nested ? Related(env, fd.get(), NS_GET_PARENT, path) : env.Null());
  result.Set("owner", Related(env, fd.get(), NS_GET_USERNS, path));
  result.Set("ownerUid", env.Null());
  if (type == CLONE_NEWUSER) {
    uid_t uid;
    if (ioctl(fd.get(), NS_GET_OWNER_UID, &uid) < 0) throw SystemError(env, {errno, "ioctl", path});
    result.Set("ownerUid", Napi::Number::New(env, uid));
  }
  return result;
}

}  // namespace tscg
