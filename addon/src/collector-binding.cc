#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "collector.h"
#include "errors.h"
#include "values.h"

namespace tscg {
namespace {

constexpr size_t kMostFiles = 32;  // Bits of a mask.

Format FormatOf(Napi::Env env, const std::string& name) {
  if (name == "single" || name == "words") return Format::kWords;
  if (name == "flat") return Format::kFlat;
  if (name == "pressure") return Format::kPressure;
  if (name == "devices") return Format::kDevices;
  throw Napi::TypeError::New(env, "unknown format " + name);
}

std::vector<uint32_t> Numbers(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

/** One pass on a worker thread, which writes straight into the arrays that the promise gives. */
class PassWorker final : public Napi::AsyncWorker {
 public:
  PassWorker(const Napi::CallbackInfo& info, std::shared_ptr<Collector> collector)
      : Napi::AsyncWorker(info.Env(), "tscg.collect"), deferred_(info.Env()), collector_(std::move(collector)) {
    const Napi::Env env = info.Env();
    const auto added = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < added.Length(); ++i) {
      const auto cgroup = added.Get(i).As<Napi::Object>();
      added_.emplace_back(cgroup.Get("id").As<Napi::Number>().Uint32Value(), cgroup.Get("path").As<Napi::String>());
    }
    const auto removed = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < removed.Length(); ++i) removed_.push_back(removed.Get(i).As<Napi::Number>());
    ids_ = Numbers(info[2]);
    masks_ = Numbers(info[3]);
    same_tick_ = info[4].ToBoolean();
    if (info[5].IsArray()) skip_ = Strings(info[5]);
    const size_t rows = ids_.size();
    if (masks_.size() != rows) throw Napi::RangeError::New(env, "ids and masks differ in length");

    output_.rows = rows;
    output_.layout = collector_->LayoutOf(masks_);
    const PassLayout& layout = output_.layout;
    auto values = Napi::Float64Array::New(env, layout.columns * rows);
    auto errors = Napi::Uint8Array::New(env, layout.files * rows);
    auto times = Napi::Float64Array::New(env, layout.files * rows);
    auto states = Napi::Uint8Array::New(env, rows);
    auto inodes = Napi::Float64Array::New(env, rows);
    auto watched = Napi::Uint32Array::New(env, rows);
    output_.values = values.Data();
    output_.errors = errors.Data();
    output_.times = times.Data();
    output_.states = states.Data();
    output_.inodes = inodes.Data();
    output_.watched = watched.Data();
    Napi::Object pass = Napi::Object::New(env);
    pass.Set("filePlaces", ArrayOf<Napi::Int32Array>(env, layout.file_places));
    pass.Set("columnPlaces", ArrayOf<Napi::Int32Array>(env, layout.column_places));
    pass.Set("values", values);
    pass.Set("errors", errors);
    pass.Set("times", times);
    pass.Set("states", states);
    pass.Set("inodes", inodes);
    pass.Set("watched", watched);
    pass_ = Napi::Persistent(pass);
  }

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    if (skip_) collector_->Skip(*skip_);
    for (const uint32_t id : removed_) collector_->Remove(id);
    for (const auto& [id, path] : added_) collector_->Add(id, path);
    reads_ = collector_->Pass(ids_, masks_, same_tick_, output_);
    told_ = collector_->told();
    open_files_ = collector_->open_files();
    open_directories_ = collector_->open_directories();
    // If it was closed meanwhile, this closes the descriptors, off the JavaScript thread.
    collector_.reset();
  }

  void OnOK() override {
    Napi::Object pass = pass_.Value();
    pass.Set("reads", Napi::Number::New(Env(), reads_));
    pass.Set("told", ArrayOf<Napi::Uint32Array>(Env(), told_));
    pass.Set("openFiles", Napi::Number::New(Env(), static_cast<double>(open_files_)));
    pass.Set("openDirectories", Napi::Number::New(Env(), static_cast<double>(open_directories_)));
    deferred_.Resolve(pass);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Collector> collector_;
  std::vector<std::pair<uint32_t, std::string>> added_;
  std::vector<uint32_t> removed_, ids_, masks_, told_;
  std::optional<std::vector<std::string>> skip_;
  bool same_tick_ = false;
  PassOutput output_{};
  Napi::ObjectReference pass_;
  uint32_t reads_ = 0;
  size_t open_files_ = 0;
  size_t open_directories_ = 0;
};

/** The collector, which a pass under way keeps alive beyond close(). */
struct Handle {
  std::shared_ptr<Collector> collector;
};

Napi::Value Collect(const Napi::CallbackInfo& info, const Handle& handle) {
  if (!handle.collector) throw Napi::Error::New(info.Env(), "the collector is closed");
  if (handle.collector.use_count() > 1) throw Napi::Error::New(info.Env(), "a pass is under way");
  auto* const worker = new PassWorker(info, handle.collector);
  Napi::Promise promise = worker->Promise();
  Start(worker);
  return promise;  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
}

}  // namespace

Napi::Value CreateCollector(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string mount = info[0].As<Napi::String>();
  const auto specs = info[1].As<Napi::Array>();
  if (specs.Length() > kMostFiles) throw Napi::RangeError::New(env, "more than 32 files");
  std::vector<FileSpec> files;
  for (uint32_t i = 0; i < specs.Length(); ++i) {
    const auto spec = specs.Get(i).As<Napi::Object>();
    files.push_back({spec.Get("file").As<Napi::String>(), FormatOf(env, spec.Get("format").As<Napi::String>()),
                     Strings(spec.Get("keys")), spec.Get("polled").ToBoolean()});
  }
  const auto limit = [&](size_t argument) -> size_t { return info[argument].As<Napi::Number>().Uint32Value(); };
  const Budget budget{limit(2), limit(3), limit(4)};
  const std::vector<std::string> skip = Strings(info[5]);
  UniqueFd directory(open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) throw SystemError(env, {errno, "open", mount});

  auto handle = std::make_shared<Handle>();
  handle->collector = std::make_shared<Collector>(std::move(directory), files, budget, skip);
  Napi::Object object = Napi::Object::New(env);
  object.Set("collect",
             Napi::Function::New(
                 env, [handle](const Napi::CallbackInfo& call) { return Collect(call, *handle); }, "collect"));
  object.Set("close", Napi::Function::New(
                          env, [handle](const Napi::CallbackInfo&) { handle->collector.reset(); }, "close"));
  return object;
}

}  // namespace tscg
