#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "bindings.h"
#include "descriptor.h"
#include "errors.h"
#include "poller.h"

namespace tscg {
namespace {

constexpr size_t kBuffer = 64 << 10;
/** Reads before the event loop has its turn again. */
constexpr int kReadsATurn = 16;

class Inotify {
 public:
  Inotify(Napi::Env env, Napi::Function on_event, Napi::Function on_overflow)
      : env_(env), on_event_(env, on_event, "tscg.inotify"), on_overflow_(env, on_overflow, "tscg.inotify") {}

  static void Start(const std::shared_ptr<Inotify>& self) {
    UniqueFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd) throw SystemError(self->env_, {errno, "inotify_init1", ""});
    // It lives as long as the Poller watches, whoever still holds the JavaScript object.
    self->handle_.poller = Poller::Start(self->env_, std::move(fd), UV_READABLE, [self](int) { self->Read(); });
  }

  void Close() { handle_.Close(); }

  int Add(const std::string& path) {
    if (handle_.poller == nullptr) throw Napi::Error::New(env_, "the watch is closed");
    const int watch = inotify_add_watch(handle_.poller->fd(), path.c_str(), IN_MODIFY | IN_ONLYDIR);
    if (watch < 0) throw SystemError(env_, {errno, "inotify_add_watch", path});
    return watch;
  }

  /** A watch that the kernel ended with its directory is no error. */
  void Remove(int watch) {
    if (handle_.poller != nullptr) inotify_rm_watch(handle_.poller->fd(), watch);
  }

 private:
  void Read() {
    for (int turn = 0; turn < kReadsATurn && handle_.poller != nullptr; ++turn) {
      const ssize_t size = read(handle_.poller->fd(), buffer_.data(), buffer_.size());
      if (size <= 0) return;
      for (ssize_t offset = 0; offset < size && handle_.poller != nullptr;) {
        const auto* const event = reinterpret_cast<const inotify_event*>(buffer_.data() + offset);
        offset += static_cast<ssize_t>(sizeof *event + event->len);
        const Napi::HandleScope scope(env_);
        if ((event->mask & IN_Q_OVERFLOW) != 0) {
          on_overflow_.Call({});
        } else if ((event->mask & IN_MODIFY) != 0) {
          on_event_.Call(
              {Napi::Number::New(env_, event->wd), Napi::String::New(env_, event->len > 0 ? event->name : "")});
        }
      }
    }
  }

  Napi::Env env_;
  Callback on_event_, on_overflow_;
  PollerHandle handle_;
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
};

}  // namespace

Napi::Value CreateInotify(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto inotify = std::make_shared<Inotify>(env, info[0].As<Napi::Function>(), info[1].As<Napi::Function>());
  Inotify::Start(inotify);
  Napi::Object object = Napi::Object::New(env);
  object.Set("add", Napi::Function::New(
                        env,
                        [inotify](const Napi::CallbackInfo& call) -> Napi::Value {
                          return Napi::Number::New(call.Env(), inotify->Add(call[0].As<Napi::String>()));
                        },
                        "add"));
  object.Set(
      "remove",
      Napi::Function::New(
          env, [inotify](const Napi::CallbackInfo& call) { inotify->Remove(call[0].As<Napi::Number>().Int32Value()); },
          "remove"));
  object.Set("close", Napi::Function::New(
                          env, [inotify](const Napi::CallbackInfo&) { inotify->Close(); }, "close"));
  return object;
}

}  // namespace tscg
