#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bindings.h"
#include "descriptor.h"
#include "values.h"

namespace tscg {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
/** A line of /proc/PID/task/TID/stat has about 350 bytes, cpu.stat 200, a pressure file 120. */
constexpr size_t kBuffer = 2048;
/** CPUs that a mask in a double has room for. */
constexpr int kMaskBits = 52;
constexpr int kMostThreads = 8;
/** A round is put off by at most so many intervals. */
constexpr int64_t kSlowest = 10;
constexpr double kWchanUnit = 1 << 24;

int64_t Now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/** What is taken of a file: SampledFile of src/kernel/native.ts. */
enum class Take { kThreadState, kRunnable, kNumber, kFlat, kTotal };

struct File {
  std::string path;
  Take take;
  /** kFlat: the key; kTotal: `some` or `full`; kRunnable: where procfs is. */
  std::string key;
  UniqueFd fd;
  bool gone = false;
};

/** Text with its end as NUL; empty where it cannot be read. */
bool ReadAt(int fd, char* buffer) {
  const ssize_t size = pread(fd, buffer, kBuffer - 1, 0);
  buffer[std::max<ssize_t>(size, 0)] = '\0';
  return size > 0;
}

bool ReadPath(const std::string& path, char* buffer) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  buffer[0] = '\0';
  return fd && ReadAt(fd.get(), buffer);
}

struct State {
  char letter = '\0';
  int cpu = 0;
};

/** `185 (a) b) S 1 …`: the state is field 3, behind the last parenthesis; the CPU is field 39. */
State ParseState(const char* text) {
  const char* at = strrchr(text, ')');
  if (at == nullptr || at[1] == '\0') return {};
  State state;
  state.letter = at[2];
  for (int field = 3; at != nullptr && field <= 39; ++field) at = strchr(at + 1, ' ');
  if (at == nullptr) return {};
  state.cpu = static_cast<int>(strtol(at + 1, nullptr, 10));
  return state;
}

class Sampler {
 public:
  Sampler(int64_t every, double share) : every_(every), share_(share), thread_([this] { Run(); }) {}

  ~Sampler() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  struct Rounds {
    std::vector<double> times, values;
    std::vector<std::string> names;
    double cpu_ms = 0;
  };

  Rounds Follow(std::vector<File> files) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Most files are followed on: their descriptors are kept.
    std::unordered_map<std::string, File*> known;
    for (File& file : files_) known.emplace(file.path, &file);
    for (File& file : files) {
      const auto found = known.find(file.path);
      if (found != known.end() && found->second->fd) {
        file.fd = std::move(found->second->fd);
        file.gone = found->second->gone;
      } else {
        file.fd = UniqueFd(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
        file.gone = !file.fd;
      }
    }
    files_ = std::move(files);
    rounds_.cpu_ms = static_cast<double>(spent_) / 1e6;
    Rounds rounds = std::exchange(rounds_, {});
    wchans_.clear();
    wake_.notify_one();
    return rounds;
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    int64_t next = Now(CLOCK_MONOTONIC);
    while (!ending_) {
      if (files_.empty()) {
        wake_.wait(lock, [this] { return ending_ || !files_.empty(); });
        next = Now(CLOCK_MONOTONIC);
        continue;
      }
      const int64_t before = Now(CLOCK_THREAD_CPUTIME_ID);
      Round();
      const int64_t cost = Now(CLOCK_THREAD_CPUTIME_ID) - before;
      spent_ += cost;
      const auto affordable = static_cast<int64_t>(static_cast<double>(cost) / share_);
      next = std::max(next + std::clamp(affordable, every_, every_ * kSlowest), Now(CLOCK_MONOTONIC));
      const auto wait = std::chrono::nanoseconds(next - Now(CLOCK_MONOTONIC));
      wake_.wait_for(lock, wait, [this] { return ending_; });
    }
  }

  void Round() {
    rounds_.times.push_back(static_cast<double>(Now(CLOCK_MONOTONIC)) / 1e6);
    for (File& file : files_) rounds_.values.push_back(Value(file));
  }

  double Value(File& file) {
    if (file.gone) return kNone;
    if (!ReadAt(file.fd.get(), buffer_)) {
      // A thread or a cgroup that has ended; one without threads reads as nothing.
      if (file.take != Take::kRunnable) file.gone = true;
      return file.take == Take::kRunnable ? 0 : kNone;
    }
    switch (file.take) {
      case Take::kThreadState:
        return ThreadState(file);
      case Take::kRunnable:
        return Runnable(file.key);
      case Take::kNumber:
        return strtod(buffer_, nullptr);
      case Take::kFlat:
        return After(file.key + " ");
      case Take::kTotal:
        return After(file.key + " ", " total=");
    }
    return kNone;
  }

  double ThreadState(const File& file) {
    const State state = ParseState(buffer_);
    if (state.letter == '\0') return kNone;
    const double value = static_cast<unsigned char>(state.letter) + 256.0 * state.cpu;
    return state.letter == 'D' ? value + kWchanUnit * Wchan(file.path) : value;
  }

  /** Number of the kernel function that the thread sleeps in, from 1; 0 where that may not be known. */
  double Wchan(const std::string& stat_path) {
    char name[128] = "";
    const std::string path = stat_path.substr(0, stat_path.rfind('/') + 1) + "wchan";
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t size = fd ? read(fd.get(), name, sizeof name - 1) : 0;
    if (size <= 0 || !isalpha(static_cast<unsigned char>(name[0]))) return 0;
    const auto found = wchans_.try_emplace(std::string(name, static_cast<size_t>(size)), wchans_.size() + 1);
    if (found.second) rounds_.names.push_back(found.first->first);
    return static_cast<double>(found.first->second);
  }

  /** Of a cgroup whose threads live briefly: a bit for each CPU on which one of them is ready to run. */
  double Runnable(const std::string& proc) {
    int tids[kMostThreads];
    int count = 0;
    for (const char* at = buffer_; count < kMostThreads && *at != '\0'; ++count) {
      char* end = nullptr;
      tids[count] = static_cast<int>(strtol(at, &end, 10));
      if (end == at) break;
      at = *end == '\n' ? end + 1 : end;
    }
    uint64_t mask = 0;
    for (int i = 0; i < count; ++i) {
      const std::string tid = std::to_string(tids[i]);
      if (!ReadPath(proc + "/" + tid + "/task/" + tid + "/stat", buffer_)) continue;
      const State state = ParseState(buffer_);
      if (state.letter == 'R' && state.cpu < kMaskBits) mask |= uint64_t{1} << state.cpu;
    }
    return static_cast<double>(mask);
  }

  /** The number behind `start` at the beginning of a line, and behind `then` on the same line where that is given. */
  double After(const std::string& start, const char* then = "") {
    for (const char* line = buffer_; line != nullptr;) {
      if (strncmp(line, start.c_str(), start.size()) == 0) {
        const char* const at = *then == '\0' ? line + start.size() : strstr(line, then);
        return at == nullptr ? kNone : strtod(at + strlen(then), nullptr);
      }
      line = strchr(line, '\n');
      if (line != nullptr) ++line;
    }
    return kNone;
  }

  const int64_t every_;
  const double share_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::vector<File> files_;
  Rounds rounds_;
  std::map<std::string, size_t> wchans_;
  int64_t spent_ = 0;
  char buffer_[kBuffer];
  /** Last: it begins when all else is there. */
  std::thread thread_;
};

std::vector<File> FilesOf(const Napi::Array& array) {
  static const std::map<std::string, Take> kTakes = {{"thread-state", Take::kThreadState},
                                                     {"runnable", Take::kRunnable},
                                                     {"number", Take::kNumber},
                                                     {"flat", Take::kFlat},
                                                     {"total", Take::kTotal}};
  std::vector<File> files(array.Length());
  for (uint32_t i = 0; i < files.size(); ++i) {
    const auto file = array.Get(i).As<Napi::Object>();
    files[i].path = file.Get("path").As<Napi::String>();
    files[i].take = kTakes.at(file.Get("take").As<Napi::String>());
    if (file.Has("key")) files[i].key = file.Get("key").As<Napi::String>();
  }
  return files;
}

}  // namespace

Napi::Value CreateSampler(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const double every_ms = info[0].As<Napi::Number>();
  const double share = info[1].As<Napi::Number>();
  auto sampler = std::make_shared<std::unique_ptr<Sampler>>(
      std::make_unique<Sampler>(static_cast<int64_t>(every_ms * 1e6), share));
  Napi::Object object = Napi::Object::New(env);
  object.Set("follow", Napi::Function::New(
                           env,
                           [sampler](const Napi::CallbackInfo& call) -> Napi::Value {
                             if (!*sampler) throw Napi::Error::New(call.Env(), "the sampler is closed");
                             const Sampler::Rounds rounds = (*sampler)->Follow(FilesOf(call[0].As<Napi::Array>()));
                             Napi::Object result = Napi::Object::New(call.Env());
                             Napi::Array names = Napi::Array::New(call.Env(), rounds.names.size());
                             for (uint32_t i = 0; i < rounds.names.size(); ++i) names.Set(i, rounds.names[i]);
                             result.Set("times", Doubles(call.Env(), rounds.times));
                             result.Set("values", Doubles(call.Env(), rounds.values));
                             result.Set("names", names);
                             result.Set("cpuMs", rounds.cpu_ms);
                             return result;
                           },
                           "follow"));
  object.Set("close", Napi::Function::New(
                          env, [sampler](const Napi::CallbackInfo&) { sampler->reset(); }, "close"));
  return object;
}

}  // namespace tscg
