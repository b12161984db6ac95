#include "collector.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <tuple>
#include <utility>

namespace tscg {
namespace {

// The values of src/kernel/collector.ts.
constexpr uint8_t kPresent = 0;
constexpr uint8_t kRemoved = 1;
constexpr uint8_t kRecreated = 2;
constexpr uint8_t kNotRead = 255;

constexpr size_t kFirstBuffer = 64 << 10;
constexpr size_t kLargestBuffer = 4 << 20;
/**
 * A missing file (its controller is not enabled) costs an open and a look at the path, several times a read; so it is
 * tried again only every 6 to 10 passes that ask for it, spread by id so that not all cgroups do it in one pass.
 */
constexpr uint32_t kRetryAfter = 6;
constexpr uint32_t kRetrySpread = 5;
/** Number of descriptors to close at once when the process or the machine has none left. */
constexpr size_t kShed = 32;
constexpr size_t kEvents = 4096;
/** A descriptor that so many passes did not ask for is closed: the kernel keeps a page for it. */
constexpr uint32_t kIdlePasses = 32;

double MonotonicMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

bool OutOfDescriptors(int error) { return error == EMFILE || error == ENFILE; }
bool NotThere(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

Collector::Collector(UniqueFd mount, const std::vector<FileSpec>& files, size_t budget, size_t watches,
                     const std::vector<std::string>& skip)
    : mount_(std::move(mount)), budget_(budget), held_(1), most_watches_(watches) {
  size_t column = 0;
  for (const FileSpec& spec : files) {
    files_.push_back({spec.file, Parser(spec.format, spec.keys, skip), column, spec.keys.size(), spec.polled});
    column += spec.keys.size();
    padding_ = std::max(padding_, files_.back().parser.padding());
    if (!spec.polled || inotify_) continue;
    inotify_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (inotify_) ++held_;
  }
  buffer_.resize(kFirstBuffer + padding_);
}

Collector::~Collector() = default;

void Collector::Add(uint32_t id, std::string path) {
  auto cgroup = std::make_unique<Cgroup>();
  cgroup->id = id;
  cgroup->path = std::move(path);
  cgroup->slots.resize(files_.size());
  cgroups_[id] = std::move(cgroup);
}

void Collector::Remove(uint32_t id) {
  const auto found = cgroups_.find(id);
  if (found == cgroups_.end()) return;
  DropAll(*found->second);
  cgroups_.erase(found);
}

void Collector::Skip(const std::vector<std::string>& skip) {
  for (File& file : files_) file.parser.Skip(skip);
}

PassLayout Collector::LayoutOf(const std::vector<uint32_t>& masks) const {
  uint32_t asked = 0;
  for (const uint32_t mask : masks) asked |= mask;
  PassLayout layout;
  for (size_t file = 0; file < files_.size(); ++file) {
    const bool is_asked = asked >> file & 1;
    layout.file_places.push_back(is_asked ? static_cast<int32_t>(layout.files++) : -1);
    for (size_t key = 0; key < files_[file].columns; ++key) {
      layout.column_places.push_back(is_asked ? static_cast<int32_t>(layout.columns++) : -1);
    }
  }
  return layout;
}

uint32_t Collector::Pass(const std::vector<uint32_t>& ids, const std::vector<uint32_t>& masks, const PassOutput& out) {
  ++pass_;
  reads_ = 0;
  Poll();
  if (pass_ % kIdlePasses == 0) CloseIdle();
  std::fill_n(out.values, out.layout.columns * out.rows, std::numeric_limits<double>::quiet_NaN());
  std::fill_n(out.times, out.layout.files * out.rows, std::numeric_limits<double>::quiet_NaN());
  std::fill_n(out.errors, out.layout.files * out.rows, kNotRead);

  std::vector<Cgroup*> cgroups(out.rows);
  for (size_t row = 0; row < out.rows; ++row) {
    const auto found = cgroups_.find(ids[row]);
    if (found == cgroups_.end()) continue;
    Cgroup& cgroup = *(cgroups[row] = found->second.get());
    cgroup.used = pass_;
    for (size_t file = 0; file < files_.size(); ++file) {
      if (masks[row] >> file & 1) cgroup.slots[file].used = pass_;
    }
  }
  for (size_t row = 0; row < out.rows; ++row) {
    if (Cgroup* const cgroup = cgroups[row]) {
      ReadRow(*cgroup, masks[row], row, out);
      out.states[row] = cgroup->state;
      out.inodes[row] =
          cgroup->inode == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(cgroup->inode);
      out.watched[row] = 0;
      for (size_t file = 0; file < files_.size(); ++file) {
        if (cgroup->slots[file].watch >= 0) out.watched[row] |= 1U << file;
      }
      continue;
    }
    out.states[row] = kRemoved;
    out.inodes[row] = std::numeric_limits<double>::quiet_NaN();
    out.watched[row] = 0;
    for (size_t file = 0; file < files_.size(); ++file) {
      if (masks[row] >> file & 1) out.errors[out.layout.file_places[file] * out.rows + row] = ENODEV;
    }
  }
  return reads_;
}

void Collector::ReadRow(Cgroup& cgroup, uint32_t mask, size_t row, const PassOutput& out) {
  cgroup.state = kPresent;
  bool answered = false;
  for (size_t file = 0; file < files_.size(); ++file) {
    if (!(mask >> file & 1)) continue;
    const int error = cgroup.state == kPresent ? ReadFile(cgroup, file, row, out) : ENODEV;
    // Whatever a descriptor answers but ENODEV, its cgroup is there.
    answered = answered || (error != ENODEV && cgroup.slots[file].fd);
    out.errors[out.layout.file_places[file] * out.rows + row] = static_cast<uint8_t>(error);
    if (error == 0) answered = true;
  }
  if (!answered && cgroup.state == kPresent) Verify(cgroup);
  if (cgroup.state != kPresent) {
    DropAll(cgroup);
  } else if (held_ > budget_) {
    Drop(cgroup.directory);
  }
}

int Collector::ReadFile(Cgroup& cgroup, size_t file, size_t row, const PassOutput& out) {
  Slot& slot = cgroup.slots[file];
  for (bool again = false;; again = true) {
    bool keep = true;
    if (!slot.fd) {
      const int error = OpenFile(cgroup, file, keep);
      if (error != 0) return error;
    }
    if (files_[file].polled) Watch(cgroup, slot);
    const ssize_t size = ReadAll(slot.fd.get());
    const double time = MonotonicMilliseconds();
    if (size >= 0) {
      File& spec = files_[file];
      double* const first = out.values + out.layout.column_places[spec.first_column] * out.rows + row;
      spec.parser.Parse(buffer_.data(), static_cast<size_t>(size), first, out.rows);
      out.times[out.layout.file_places[file] * out.rows + row] = time;
    }
    // What is watched is read seldom.
    if (!keep || size == -ENODEV || slot.watch >= 0) Drop(slot.fd);
    if (size < 0) Unwatch(slot);
    if (size >= 0) return 0;
    if (size != -ENODEV) return static_cast<int>(-size);
    // Either the cgroup is gone, or only the file is: its controller was disabled, or pressure switched off
    // (cgroup.pressure), and perhaps it is back by now.
    if (!Verify(cgroup)) return ENODEV;
    if (again) return ENOENT;
  }
}

int Collector::OpenFile(Cgroup& cgroup, size_t file, bool& keep) {
  Slot& slot = cgroup.slots[file];
  if (pass_ < slot.retry) return ENOENT;
  if (const int error = OpenDirectory(cgroup); error != 0) return error;
  keep = held_ < budget_ || MakeRoom();
  const auto open = [&] {
    return UniqueFd(openat(cgroup.directory.get(), files_[file].name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  };
  UniqueFd fd = open();
  if (!fd && OutOfDescriptors(errno) && Shed(cgroup)) fd = open();
  if (fd) {
    slot.retry = 0;
    Hold(slot.fd, std::move(fd));
    return 0;
  }
  const int error = errno;
  if (error != ENOENT && error != ENODEV) return error;
  // A removed directory has no files either.
  if (!Verify(cgroup)) return ENODEV;
  slot.retry = pass_ + kRetryAfter + cgroup.id % kRetrySpread;
  return ENOENT;
}

int Collector::OpenDirectory(Cgroup& cgroup) {
  if (cgroup.directory) return 0;
  if (held_ >= budget_) MakeRoom();
  const auto open = [&] { return OpenBeneath(mount_.get(), cgroup.path, O_PATH | O_DIRECTORY, Symlinks::kRefuse); };
  UniqueFd fd = open();
  if (!fd && OutOfDescriptors(errno) && Shed(cgroup)) fd = open();
  struct stat status;
  if (!fd || fstat(fd.get(), &status) < 0) {
    if (!NotThere(errno)) return errno;
    cgroup.state = kRemoved;
    return ENODEV;
  }
  if (cgroup.inode != 0 && cgroup.inode != status.st_ino) {
    cgroup.state = kRecreated;
    return ENODEV;
  }
  cgroup.inode = status.st_ino;
  cgroup.verified = pass_;
  Hold(cgroup.directory, std::move(fd));
  return 0;
}

/** Whether the path still leads to this cgroup, asked at most once a pass; else sets its state. */
bool Collector::Verify(Cgroup& cgroup) {
  if (cgroup.verified == pass_) return true;
  if (cgroup.inode == 0) {
    // It was never opened: it becomes what its path leads to now.
    return OpenDirectory(cgroup) == 0 || cgroup.state == kPresent;
  }
  UniqueFd fd = OpenBeneath(mount_.get(), cgroup.path, O_PATH | O_DIRECTORY, Symlinks::kRefuse);
  struct stat status;
  if (!fd || fstat(fd.get(), &status) < 0) {
    if (NotThere(errno)) cgroup.state = kRemoved;
  } else if (cgroup.inode != status.st_ino) {
    cgroup.state = kRecreated;
  }
  // What cannot be known (EACCES, EMFILE) is not held against it, nor asked again in this pass.
  if (cgroup.state == kPresent) cgroup.verified = pass_;
  return cgroup.state == kPresent;
}

ssize_t Collector::ReadAll(int fd) {
  while (true) {
    const size_t room = buffer_.size() - padding_;
    ++reads_;
    // One read gives the whole of a cgroup file, whose text the kernel makes as one record.
    const ssize_t size = pread(fd, buffer_.data(), room, 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    if (static_cast<size_t>(size) < room) return size;
    if (room >= kLargestBuffer) return -EFBIG;
    buffer_.resize(room * 2 + padding_);
  }
}

void Collector::Hold(UniqueFd& place, UniqueFd fd) {
  place = std::move(fd);
  ++held_;
}

void Collector::Drop(UniqueFd& place) {
  if (!place) return;
  place.reset();
  --held_;
}

void Collector::DropAll(Cgroup& cgroup) {
  Drop(cgroup.directory);
  for (Slot& slot : cgroup.slots) {
    Drop(slot.fd);
    Unwatch(slot);
  }
}

void Collector::CloseIdle() {
  for (auto& [id, cgroup] : cgroups_) {
    for (Slot& slot : cgroup->slots) {
      if (slot.used + kIdlePasses < pass_) Drop(slot.fd);
    }
    if (cgroup->used + kIdlePasses < pass_) Drop(cgroup->directory);
  }
}

/**
 * To be called before a read, so that inotify tells of all that happens after it. The kernel tells there of all that
 * poll(2) of the file would (kernfs_notify), and a watch costs less than a descriptor.
 */
void Collector::Watch(const Cgroup& cgroup, Slot& slot) {
  changed_.erase(slot.watch);
  if (!inotify_ || slot.watch >= 0 || watches_.size() >= most_watches_) return;
  const std::string path = "/proc/self/fd/" + std::to_string(slot.fd.get());
  const int watch = inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY);
  // The kernel may have no room (ENOSPC), and gives the watch of before where the cgroup has another id too.
  if (watch >= 0 && watches_.try_emplace(watch, cgroup.id).second) slot.watch = watch;
}

/** The kernel keeps the watch of a file that is gone. */
void Collector::Unwatch(Slot& slot) {
  if (slot.watch < 0) return;
  inotify_rm_watch(inotify_.get(), slot.watch);
  watches_.erase(slot.watch);
  changed_.erase(slot.watch);
  slot.watch = -1;
}

/** A file that changed is told in each pass until it is read. */
void Collector::Poll() {
  alignas(inotify_event) char events[kEvents];
  ssize_t size;
  while (inotify_ && (size = read(inotify_.get(), events, sizeof events)) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(events + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [watch, id] : watches_) changed_.insert(watch);
      } else if (watches_.count(event->wd) > 0) {
        changed_.insert(event->wd);
      }
    }
  }
  told_.clear();
  for (const int watch : changed_) told_.push_back(watches_.at(watch));
}

/**
 * Closes the least recently used descriptor that this pass does not ask for. Where there is none, the caller closes
 * what it opens right after the read: evicting what the same pass still needs would make every read an open.
 */
bool Collector::MakeRoom() {
  while (true) {
    while (!idle_.empty()) {
      const Idle idle = idle_.back();
      idle_.pop_back();
      const auto found = cgroups_.find(idle.id);
      if (found == cgroups_.end()) continue;
      Cgroup& cgroup = *found->second;
      const bool is_directory = idle.file < 0;
      UniqueFd& fd = is_directory ? cgroup.directory : cgroup.slots[idle.file].fd;
      const uint32_t used = is_directory ? cgroup.used : cgroup.slots[idle.file].used;
      // It was used since it was listed, or closed.
      if (!fd || idle.used != used) continue;
      Drop(fd);
      return true;
    }
    if (listed_ == pass_) return false;
    ListIdle();
  }
}

/**
 * To make the list takes a look at each descriptor: it serves over many passes, until it is used up. Of those that were
 * used at the same time directories go first, as a file that is open needs none.
 */
void Collector::ListIdle() {
  listed_ = pass_;
  for (const auto& [id, cgroup] : cgroups_) {
    if (cgroup->directory && cgroup->used < pass_) idle_.push_back({cgroup->used, id, -1});
    for (size_t file = 0; file < files_.size(); ++file) {
      const Slot& slot = cgroup->slots[file];
      if (slot.fd && slot.used < pass_) idle_.push_back({slot.used, id, static_cast<int32_t>(file)});
    }
  }
  std::sort(idle_.begin(), idle_.end(), [](const Idle& a, const Idle& b) {
    return std::tie(a.used, a.file, a.id) > std::tie(b.used, b.file, b.id);
  });
}

/** No descriptor is left: closes some, and from now on keeps no more than what remains. */
bool Collector::Shed(const Cgroup& spared) {
  size_t closed = 0;
  while (closed < kShed && MakeRoom()) ++closed;
  for (auto& [id, cgroup] : cgroups_) {
    if (closed > 0) break;
    if (cgroup.get() == &spared) continue;
    const size_t before = held_;
    Drop(cgroup->directory);
    for (Slot& slot : cgroup->slots) Drop(slot.fd);
    closed = before - held_;
  }
  if (closed > 0) budget_ = held_;
  return closed > 0;
}

}  // namespace tscg
