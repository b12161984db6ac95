#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "bindings.h"
#include "descriptor.h"
#include "errors.h"
#include "poller.h"

namespace tscg {
namespace {

/** A file whose cgroup is gone is ready for ever, with POLLERR; libuv does not tell that from an event. */
bool IsGone(int fd) {
  pollfd entry{fd, POLLPRI, 0};
  return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

/** The kernel ends a trigger only when every CPU has let go of it, some 15 ms: not on the thread that draws. */
void CloseElsewhere(UniqueFd fd) {
  if (!fd) return;
  try {
    std::thread([closing = std::move(fd)] {}).detach();
  } catch (const std::system_error&) {
    // No more threads: it was closed here.
  }
}

}  // namespace

Napi::Value CreatePsiTrigger(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>();
  const std::string trigger = info[1].As<Napi::String>();
  const auto callback = std::make_shared<Callback>(env, info[2].As<Napi::Function>(), "tscg.psiTrigger");
  UniqueFd fd(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw SystemError(env, {errno, "open", path});
  // With the NUL, as the kernel's own example does.
  if (write(fd.get(), trigger.c_str(), trigger.size() + 1) < 0) throw SystemError(env, {errno, "write", path});

  const auto handle = std::make_shared<PollerHandle>();
  handle->poller = Poller::Start(env, std::move(fd), UV_PRIORITIZED | UV_DISCONNECT, [=](int status) {
    if (status == 0 && !IsGone(handle->poller->fd())) {
      callback->Call({env.Null()});
      return;
    }
    handle->Close();
    callback->Call({SystemError(env, {ENODEV, "poll", path}).Value()});
  });
  Napi::Object object = Napi::Object::New(env);
  object.Set("close", Napi::Function::New(
                          env, [handle](const Napi::CallbackInfo&) { CloseElsewhere(handle->Release()); }, "close"));
  return object;
}

}  // namespace tscg
