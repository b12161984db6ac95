#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "bindings.h"
#include "errors.h"

namespace tscg {
namespace {

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

}  // namespace

// The kernel gives every pidfd O_CLOEXEC.
Napi::Value PidfdOpen(const Napi::CallbackInfo& info) {
  const long fd = syscall(SYS_pidfd_open, info[0].As<Napi::Number>().Int32Value(), 0);
  if (fd < 0) throw SystemError(info.Env(), {errno, "pidfd_open", ""});
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}

Napi::Value PidfdSendSignal(const Napi::CallbackInfo& info) {
  const int pidfd = info[0].As<Napi::Number>();
  const int signal = info[1].As<Napi::Number>();
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) < 0) {
    throw SystemError(info.Env(), {errno, "pidfd_send_signal", ""});
  }
  return info.Env().Undefined();
}

}  // namespace tscg
