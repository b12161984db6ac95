#include "poller.h"

#include <memory>
#include <utility>

#include "errors.h"

namespace tscg {

Poller::Poller(Napi::Env env, UniqueFd fd, std::function<void(int)> ready)
    : env_(env), fd_(std::move(fd)), ready_(std::make_shared<std::function<void(int)>>(std::move(ready))) {
  handle_.data = this;
}

Poller* Poller::Start(Napi::Env env, UniqueFd fd, int events, std::function<void(int)> ready) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "no event loop");
  auto* const poller = new Poller(env, std::move(fd), std::move(ready));
  if (const int status = uv_poll_init(loop, &poller->handle_, poller->fd_.get()); status < 0) {
    delete poller;
    throw SystemError(env, {-status, "epoll_ctl", ""});
  }
  // The hook stays until the handle is closed: the environment waits for that before it goes.
  const napi_status added = napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Poller*>(self)->Close(); }, poller,
      &poller->hook_);
  if (added != napi_ok) {
    poller->Close();
    throw Napi::Error::New(env, "no cleanup hook: the environment ends");
  }
  uv_unref(reinterpret_cast<uv_handle_t*>(&poller->handle_));
  if (const int status = uv_poll_start(&poller->handle_, events, OnPoll); status < 0) {
    poller->Close();
    throw SystemError(env, {-status, "epoll_ctl", ""});
  }
  return poller;
}

void Poller::OnPoll(uv_poll_t* handle, int status, int) {
  const auto* const self = static_cast<Poller*>(handle->data);
  const Napi::HandleScope scope(self->env_);
  const auto ready = self->ready_;
  (*ready)(status);
}

void Poller::OnClosed(uv_handle_t* handle) {
  const auto* const self = static_cast<Poller*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

UniqueFd Poller::Release() {
  if (closed()) return UniqueFd();
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), OnClosed);
  ready_.reset();
  return std::move(fd_);
}

void Callback::Call(std::initializer_list<napi_value> arguments) {
  const Napi::Env env = function_.Env();
  try {
    function_.MakeCallback(env.Global(), arguments, context_);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());
  }
}

}  // namespace tscg
