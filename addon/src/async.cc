#include "async.h"

#include <atomic>
#include <exception>
#include <utility>

namespace tscg {
namespace {

std::atomic<bool> on_this_thread = false;

class Worker final : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, const char* name, std::function<Failure()> work, std::function<Napi::Value(Napi::Env)> result)
      : Napi::AsyncWorker(env, name), deferred_(env), work_(std::move(work)), result_(std::move(result)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  // A C++ exception here (out of memory) is made a rejection by AsyncWorker.
  void Execute() override { failure_ = work_(); }

  void OnOK() override {
    if (failure_) {
      deferred_.Reject(SystemError(Env(), failure_).Value());
      return;
    }
    try {
      deferred_.Resolve(result_(Env()));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  std::function<Failure()> work_;
  std::function<Napi::Value(Napi::Env)> result_;
  Failure failure_;
};

}  // namespace

void WorkOnThisThread() { on_this_thread = true; }

void Start(Napi::AsyncWorker* worker) {
  // Either way it deletes itself when it is done.
  if (!on_this_thread) {
    worker->Queue();
    return;
  }
  worker->OnExecute(worker->Env());
  worker->OnWorkComplete(worker->Env(), napi_ok);
}

Napi::Promise RunAsync(Napi::Env env, const char* name, std::function<Failure()> work,
                       std::function<Napi::Value(Napi::Env)> result) {
  auto* worker = new Worker(env, name, std::move(work), std::move(result));
  Napi::Promise promise = worker->Promise();
  Start(worker);
  return promise;
}

}  // namespace tscg
