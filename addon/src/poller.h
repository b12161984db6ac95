#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>

#include "descriptor.h"

namespace tscg {

/**
 * A descriptor that the event loop watches. It does not keep the process alive, and is closed exactly once: by Close()
 * or with the environment (a worker thread of the program that ends).
 */
class Poller {
 public:
  /** `ready` runs in a HandleScope; it may call Close(). Throws Napi::Error. */
  static Poller* Start(Napi::Env env, UniqueFd fd, int events, std::function<void(int status)> ready);

  int fd() const { return fd_.get(); }
  bool closed() const { return !fd_; }
  /** Closes the descriptor now; the Poller deletes itself later. Once more does nothing. */
  void Close() { Release(); }
  /** Close() that leaves the descriptor to the caller; invalid once more. */
  UniqueFd Release();

 private:
  Poller(Napi::Env env, UniqueFd fd, std::function<void(int)> ready);
  ~Poller() = default;

  static void OnPoll(uv_poll_t* handle, int status, int events);
  static void OnClosed(uv_handle_t* handle);

  Napi::Env env_;
  UniqueFd fd_;
  /** Shared with a call under way, which may close. */
  std::shared_ptr<std::function<void(int)>> ready_;
  uv_poll_t handle_{};
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

/** Shares a Poller between the closures of one JavaScript object, of which the last may outlive it. */
struct PollerHandle {
  Poller* poller = nullptr;

  void Close() { Release(); }

  UniqueFd Release() {
    Poller* const released = std::exchange(poller, nullptr);
    return released == nullptr ? UniqueFd() : released->Release();
  }
};

/** A JavaScript function called from the event loop; what it throws is an uncaught exception. */
class Callback {
 public:
  Callback(Napi::Env env, Napi::Function function, const char* name)
      : context_(env, name), function_(Napi::Persistent(function)) {}

  void Call(std::initializer_list<napi_value> arguments);

 private:
  Napi::AsyncContext context_;
  Napi::FunctionReference function_;
};

}  // namespace tscg
