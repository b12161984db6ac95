/** Small files (procfs), each whole. */

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "descriptor.h"
#include "errors.h"
#include "values.h"

namespace tscg {
namespace {

constexpr size_t kFirstBuffer = 16 << 10;
constexpr size_t kLargestFile = 4 << 20;
/** A file that lists records gives at most a page of them at once: after less than half of one nothing is left. */
constexpr size_t kHalfAPage = 2048;
/** What so many calls did not ask for keeps no descriptor: the kernel keeps a page for each that was read. */
constexpr uint64_t kIdleCalls = 24;

/** The text of a file, or errno. */
using Text = std::variant<std::string, int>;
using Paths = std::vector<std::string>;

/** The directory that all these paths begin with, its last slash included; empty where there is none. */
std::string CommonDirectory(const Paths& paths) {
  std::string common = paths.size() > 1 ? paths[0] : "";
  for (const std::string& path : paths) {
    const auto end = std::mismatch(common.begin(), common.end(), path.begin(), path.end()).first;
    common.erase(end, common.end());
  }
  return common.substr(0, common.rfind('/') + 1);
}

/** Opens files. The kernel looks up each directory of a path anew: those that all paths share are looked up once. */
class Opener {
 public:
  explicit Opener(const Paths& paths) : common_(CommonDirectory(paths)) {
    if (!common_.empty()) directory_.reset(open(common_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  /** An invalid descriptor with errno on failure. */
  UniqueFd Open(const std::string& path) const {
    if (path.find('\0') != std::string::npos) {
      errno = ENOENT;
      return UniqueFd();
    }
    const size_t rest = directory_ ? path.find_first_not_of('/', common_.size()) : 0;
    const char* const name = path.c_str() + (rest == std::string::npos ? 0 : rest);
    // O_NONBLOCK: a pipe somebody put there must not hold the thread.
    constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    return UniqueFd(openat(directory_ ? directory_.get() : AT_FDCWD, name, kFlags));
  }

 private:
  std::string common_;
  UniqueFd directory_;
};

/** From its begin. `short_ends`: the kernel gives less than half a page of it only where that is the rest. */
Text ReadWhole(int fd, bool short_ends, std::vector<char>& buffer) {
  size_t filled = 0;
  while (true) {
    char* const free = buffer.data() + filled;
    const size_t room = buffer.size() - filled;
    const ssize_t size = short_ends ? pread(fd, free, room, static_cast<off_t>(filled)) : read(fd, free, room);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    filled += static_cast<size_t>(size);
    if (size == 0 || (short_ends && static_cast<size_t>(size) < std::min(room, kHalfAPage))) {
      return std::string(buffer.data(), filled);
    }
    if (filled < buffer.size()) continue;
    if (filled >= kLargestFile) return EFBIG;
    buffer.resize(buffer.size() * 2);
  }
}

std::vector<Text> ReadEach(const Paths& paths) {
  std::vector<char> buffer(kFirstBuffer);
  std::vector<Text> texts;
  texts.reserve(paths.size());
  const Opener opener(paths);
  for (const std::string& path : paths) {
    const UniqueFd fd = opener.Open(path);
    texts.push_back(fd ? ReadWhole(fd.get(), false, buffer) : Text(errno));
  }
  return texts;
}

/**
 * Keeps the descriptors of what is asked for again and again. For files of procfs: that of a process which has ended
 * answers ESRCH, and its path may be that of another process by now.
 */
class KeptFiles {
 public:
  explicit KeptFiles(size_t most) : most_(most) {}

  std::vector<Text> Read(const Paths& paths) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++call_;
    std::vector<Text> texts;
    texts.reserve(paths.size());
    const Opener opener(paths);
    for (const std::string& path : paths) texts.push_back(ReadOne(opener, path));
    while (!files_.empty() && files_.front().asked + kIdleCalls < call_) Forget();
    return texts;
  }

 private:
  struct File {
    std::string path;
    /** The last call that asked for it. */
    uint64_t asked;
    /** Not open where it was asked for but once. */
    UniqueFd fd;
  };

  Text ReadOne(const Opener& opener, const std::string& path) {
    const auto found = places_.find(path);
    const bool is_known = found != places_.end();
    const auto file = is_known ? found->second : files_.insert(files_.end(), {path, call_, UniqueFd()});
    if (is_known) {
      files_.splice(files_.end(), files_, file);
    } else {
      places_.emplace(file->path, file);
    }
    file->asked = call_;
    if (file->fd) {
      Text text = ReadWhole(file->fd.get(), true, buffer_);
      if (std::holds_alternative<std::string>(text)) return text;
      Close(*file);
    }
    UniqueFd fd = opener.Open(path);
    if (!fd && (errno == EMFILE || errno == ENFILE) && open_ > 0) {
      // Others need them more: from now on fewer are kept.
      most_ = open_ / 2;
      for (File& other : files_) Close(other);
      fd = opener.Open(path);
    }
    if (!fd) return errno;
    Text text = ReadWhole(fd.get(), true, buffer_);
    if (is_known && open_ < most_ && std::holds_alternative<std::string>(text)) {
      file->fd = std::move(fd);
      ++open_;
    }
    return text;
  }

  void Close(File& file) {
    if (!file.fd) return;
    file.fd.reset();
    --open_;
  }

  void Forget() {
    Close(files_.front());
    places_.erase(files_.front().path);
    files_.pop_front();
  }

  std::mutex mutex_;
  size_t most_;
  size_t open_ = 0;
  uint64_t call_ = 0;
  std::vector<char> buffer_ = std::vector<char>(kFirstBuffer);
  /** The one that was asked for least recently is first. */
  std::list<File> files_;
  std::unordered_map<std::string_view, std::list<File>::iterator> places_;
};

/** A promise of the texts that `read` gives on a worker thread. */
template <typename Read>
Napi::Value Promised(const Napi::CallbackInfo& info, Read read) {
  auto texts = std::make_shared<std::vector<Text>>();
  return RunAsync(
      info.Env(), "tscg.readFiles",
      [texts, read = std::move(read), paths = Strings(info[0])] {
        *texts = read(paths);
        return Failure{};
      },
      [texts](Napi::Env env) -> Napi::Value {
        auto result = Napi::Array::New(env, texts->size());
        for (uint32_t i = 0; i < texts->size(); ++i) {
          const Text& text = (*texts)[i];
          if (const int* error = std::get_if<int>(&text)) {
            result.Set(i, Napi::Number::New(env, *error));
          } else {
            result.Set(i, Napi::String::New(env, std::get<std::string>(text)));
          }
        }
        return result;
      });
}

}  // namespace

Napi::Value ReadFiles(const Napi::CallbackInfo& info) { return Promised(info, ReadEach); }

Napi::Value KeepFiles(const Napi::CallbackInfo& info) {
  const auto files = std::make_shared<KeptFiles>(info[0].As<Napi::Number>().Uint32Value());
  return Napi::Function::New(
      info.Env(),
      [files](const Napi::CallbackInfo& call) {
        return Promised(call, [files](const Paths& paths) { return files->Read(paths); });
      },
      "readKeptFiles");
}

}  // namespace tscg
