/**
 * Loads addon/bpf/waits.bpf.o, attaches it, and reads its maps to numbers. The structures are those of waits.bpf.c;
 * what they mean is told in src/kernel/waits-bpf.ts.
 */
#include <napi.h>
#include <time.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "errors.h"
#include "libbpf.h"
#include "values.h"

namespace tscg {
namespace {

constexpr uint32_t kMostVictims = 32;
constexpr uint32_t kZero = 0;
/** In-flight programs have ended by then: they run with preemption off, for less than a microsecond. */
constexpr timespec kSettle{0, 2'000'000};

struct Cell {
  uint64_t runner;
  uint32_t victim;
  uint32_t unused;
};

struct Device {
  uint64_t cgroup;
  uint32_t major;
  uint32_t minor;
};

struct DeviceTime {
  uint64_t ops;
  uint64_t bytes;
  uint64_t ns;
};

/** Sum over the CPUs of one value of a per-CPU map. */
uint64_t Sum(const std::vector<uint64_t>& values) {
  uint64_t sum = 0;
  for (const uint64_t value : values) sum += value;
  return sum;
}

class Waits {
 public:
  explicit Waits(const Libbpf& libbpf) : libbpf_(libbpf) {}
  ~Waits() { Close(); }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  /** What failed, in `path` in words; nothing where it is loaded. */
  Failure Load(const std::vector<uint8_t>& object) {
    LastWarning();
    object_ = libbpf_.object_open_mem(object.data(), object.size(), nullptr);
    if (object_ == nullptr) return Failed(errno, "bpf_object__open_mem");
    cpus_ = libbpf_.num_possible_cpus();
    if (cpus_ <= 0) return Failed(-cpus_, "libbpf_num_possible_cpus");
    bpf_map* const states = libbpf_.object_find_map_by_name(object_, "cpus");
    if (states == nullptr) return Failed(ENOENT, "bpf_object__find_map_by_name");
    if (const int error = libbpf_.map_set_max_entries(states, static_cast<uint32_t>(cpus_)); error < 0) {
      return Failed(-error, "bpf_map__set_max_entries");
    }
    if (const int error = libbpf_.object_load(object_); error < 0) return Failed(-error, "bpf_object__load");
    control_ = Find("control");
    victims_ = Find("victims");
    known_ = Find("cgroups");
    states_ = Find("cpus");
    requests_ = Find("requests");
    matrix_ = Find("matrix");
    io_ = Find("io");
    lost_ = Find("lost");
    for (const int map : {control_, victims_, known_, states_, requests_, matrix_, io_, lost_}) {
      if (map < 0) return Failed(ENOENT, "bpf_object__find_map_by_name");
    }
    return {};
  }

  /** The kernel runs the programs from now on. What failed, as in Load. */
  Failure Attach() {
    LastWarning();
    // Nothing is counted before Watch().
    if (const Failure failure = Switch(0)) return failure;
    // A request that was issued before, and whose end nobody saw, may have the address of one that is issued now.
    Clear(requests_);
    for (bpf_program* program = libbpf_.object_next_program(object_, nullptr); program != nullptr;
         program = libbpf_.object_next_program(object_, program)) {
      bpf_link* const link = libbpf_.program_attach(program);
      if (link == nullptr) return Failed(errno, "bpf_program__attach");
      links_.push_back(link);
    }
    return {};
  }

  /** The programs stay loaded. */
  void Detach() {
    for (bpf_link* const link : links_) libbpf_.link_destroy(link);
    links_.clear();
  }

  void Close() {
    Detach();
    if (object_ != nullptr) libbpf_.object_close(std::exchange(object_, nullptr));
  }

  bool closed() const { return object_ == nullptr; }

  /** Watches these, and counts from 0. */
  Failure Watch(const std::vector<uint64_t>& ids) {
    if (const Failure failure = Switch(0)) return failure;
    nanosleep(&kSettle, nullptr);
    for (const int map : {victims_, known_, matrix_, io_}) Clear(map);
    const std::vector<char> state(kLargestState);
    for (uint32_t cpu = 0; cpu < static_cast<uint32_t>(cpus_); ++cpu) {
      if (libbpf_.map_update_elem(states_, &cpu, state.data(), 0) < 0) return {errno, "bpf_map_update_elem", "cpus"};
    }
    const std::vector<uint64_t> none(static_cast<size_t>(cpus_));
    if (libbpf_.map_update_elem(lost_, &kZero, none.data(), 0) < 0) return {errno, "bpf_map_update_elem", "lost"};
    for (uint32_t victim = 0; victim < ids.size(); ++victim) {
      if (libbpf_.map_update_elem(victims_, &ids[victim], &victim, 0) < 0) {
        return {errno, "bpf_map_update_elem", "victims"};
      }
    }
    ids_ = ids;
    if (ids.empty()) return {};
    return Switch(++generation_);
  }

  /** victim, runner (-1: throttled) and nanoseconds of each cell. */
  std::vector<double> Matrix() const {
    std::vector<double> cells;
    std::vector<uint64_t> values(static_cast<size_t>(cpus_));
    Cell cell{};
    const void* before = nullptr;
    while (libbpf_.map_get_next_key(matrix_, before, &cell) == 0) {
      before = &cell;
      if (libbpf_.map_lookup_elem(matrix_, &cell, values.data()) < 0 || cell.victim >= ids_.size()) continue;
      const bool throttled = cell.runner == UINT64_MAX;
      cells.insert(cells.end(), {static_cast<double>(ids_[cell.victim]),
                                 throttled ? -1 : static_cast<double>(cell.runner), static_cast<double>(Sum(values))});
    }
    return cells;
  }

  /** cgroup, major, minor, operations, bytes and nanoseconds of each. */
  std::vector<double> Io() const {
    std::vector<double> rows;
    std::vector<DeviceTime> values(static_cast<size_t>(cpus_));
    Device device{};
    const void* before = nullptr;
    while (libbpf_.map_get_next_key(io_, before, &device) == 0) {
      before = &device;
      if (libbpf_.map_lookup_elem(io_, &device, values.data()) < 0) continue;
      DeviceTime sum{};
      for (const DeviceTime& value : values) {
        sum.ops += value.ops;
        sum.bytes += value.bytes;
        sum.ns += value.ns;
      }
      rows.insert(rows.end(), {static_cast<double>(device.cgroup), static_cast<double>(device.major),
                               static_cast<double>(device.minor), static_cast<double>(sum.ops),
                               static_cast<double>(sum.bytes), static_cast<double>(sum.ns)});
    }
    return rows;
  }

  double Lost() const {
    std::vector<uint64_t> values(static_cast<size_t>(cpus_));
    if (libbpf_.map_lookup_elem(lost_, &kZero, values.data()) < 0) return 0;
    return static_cast<double>(Sum(values));
  }

 private:
  /** struct cpu_state: three numbers, and as many for each victim. */
  static constexpr size_t kLargestState = 24 + size_t{kMostVictims} * 24;

  int Find(const char* name) const {
    const bpf_map* const map = libbpf_.object_find_map_by_name(object_, name);
    return map == nullptr ? -1 : libbpf_.map_fd(map);
  }

  /** 0: nothing is watched, and nothing is counted. */
  Failure Switch(uint64_t generation) const {
    if (libbpf_.map_update_elem(control_, &kZero, &generation, 0) == 0) return {};
    return {errno, "bpf_map_update_elem", "control"};
  }

  static Failure Failed(int error, const char* call) { return {error, call, LastWarning()}; }

  void Clear(int map) const {
    // Large enough for every key. The first key is asked for each time, as the last one is gone.
    uint64_t key[2];
    while (libbpf_.map_get_next_key(map, nullptr, key) == 0) {
      if (libbpf_.map_delete_elem(map, key) < 0) return;
    }
  }

  const Libbpf& libbpf_;
  bpf_object* object_ = nullptr;
  std::vector<bpf_link*> links_;
  int cpus_ = 0;
  int control_ = -1, victims_ = -1, known_ = -1, states_ = -1, requests_ = -1, matrix_ = -1, io_ = -1, lost_ = -1;
  uint64_t generation_ = 0;
  std::vector<uint64_t> ids_;
};

using Handle = std::shared_ptr<std::shared_ptr<Waits>>;

Waits& Open(Napi::Env env, const Handle& handle) {
  if (!*handle || (*handle)->closed()) throw Napi::Error::New(env, "the waits are closed");
  return **handle;
}

Napi::Value Watch(const Napi::CallbackInfo& info, const Handle& handle) {
  const auto array = info[0].As<Napi::Float64Array>();
  if (array.ElementLength() > kMostVictims) throw Napi::RangeError::New(info.Env(), "more than 32 victims");
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < array.ElementLength(); ++i) ids.push_back(static_cast<uint64_t>(array[i]));
  if (const Failure failure = Open(info.Env(), handle).Watch(ids)) throw SystemError(info.Env(), failure);
  return info.Env().Undefined();
}

Napi::Value Read(const Napi::CallbackInfo& info, const Handle& handle) {
  const Napi::Env env = info.Env();
  const Waits& waits = Open(env, handle);
  Napi::Object reading = Napi::Object::New(env);
  reading.Set("waits", Doubles(env, waits.Matrix()));
  reading.Set("io", Doubles(env, waits.Io()));
  reading.Set("lost", Napi::Number::New(env, waits.Lost()));
  return reading;
}

Napi::Value Attach(const Napi::CallbackInfo& info, const Handle& handle) {
  Open(info.Env(), handle);
  return RunAsync(
      info.Env(), "tscg.attachWaits", [waits = *handle] { return waits->Attach(); },
      [](Napi::Env env) { return env.Undefined(); });
}

Napi::Value ToObject(Napi::Env env, const Handle& handle) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("watch", Napi::Function::New(
                          env, [handle](const Napi::CallbackInfo& call) { return Watch(call, handle); }, "watch"));
  object.Set("read", Napi::Function::New(
                         env, [handle](const Napi::CallbackInfo& call) { return Read(call, handle); }, "read"));
  object.Set("attach", Napi::Function::New(
                           env, [handle](const Napi::CallbackInfo& call) { return Attach(call, handle); }, "attach"));
  object.Set("detach",
             Napi::Function::New(
                 env, [handle](const Napi::CallbackInfo& call) { Open(call.Env(), handle).Detach(); }, "detach"));
  object.Set("close", Napi::Function::New(
                          env, [handle](const Napi::CallbackInfo&) { handle->reset(); }, "close"));
  return object;
}

}  // namespace

Napi::Value MissingLibbpf(const Napi::CallbackInfo& info) {
  std::string why;
  if (LoadLibbpf(why) != nullptr) return info.Env().Null();
  return Napi::String::New(info.Env(), why);
}

Napi::Value OpenWaits(const Napi::CallbackInfo& info) {
  const auto array = info[0].As<Napi::Uint8Array>();
  std::vector<uint8_t> object(array.Data(), array.Data() + array.ByteLength());
  const auto opened = std::make_shared<std::shared_ptr<Waits>>();
  return RunAsync(
      info.Env(), "tscg.openWaits",
      [opened, object = std::move(object)]() -> Failure {
        std::string why;
        const Libbpf* const libbpf = LoadLibbpf(why);
        if (libbpf == nullptr) return {ENOENT, "dlopen", why};
        auto waits = std::make_shared<Waits>(*libbpf);
        if (Failure failure = waits->Load(object)) return failure;
        *opened = std::move(waits);
        return {};
      },
      [opened](Napi::Env env) -> Napi::Value { return ToObject(env, opened); });
}

}  // namespace tscg
