#include "collector.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <limits>
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
/** A file that so many ticks did not ask for keeps no descriptor: the kernel keeps a page for each that was read. */
constexpr uint32_t kIdleTicks = 8;

double MonotonicMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

bool OutOfDescriptors(int error) { return error == EMFILE || error == ENFILE; }
bool NotThere(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

Collector::Collector(UniqueFd mount, const std::vector<FileSpec>& files, const Budget& budget,
                     const std::vector<std::string>& skip)
    : mount_(std::move(mount)), budget_(budget) {
  struct stat status;
  if (fstat(mount_.get(), &status) == 0) device_ = status.st_dev;
  size_t column = 0;
  for (const FileSpec& spec : files) {
    files_.push_back({spec.file, Parser(spec.format, spec.keys, skip), column, spec.keys.size(), spec.polled});
    column += spec.keys.size();
    padding_ = std::max(padding_, files_.back().parser.padding());
    if (spec.polled && !inotify_) inotify_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  }
  buffer_.resize(kFirstBuffer + padding_);
}

void Collector::Add(uint32_t id, const std::string& path) {
  Cgroup& cgroup = cgroups_[id];
  cgroup.id = id;
  const size_t first = path.find_first_not_of('/');
  cgroup.path = first == std::string::npos ? "." : path.substr(first);
  cgroup.directory = open_directories_.end();
  Slot slot;
  slot.open = open_files_.end();
  cgroup.slots.assign(files_.size(), slot);
}

void Collector::Remove(uint32_t id) {
  const auto found = cgroups_.find(id);
  if (found == cgroups_.end()) return;
  CloseAll(found->second);
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

uint32_t Collector::Pass(const std::vector<uint32_t>& ids, const std::vector<uint32_t>& masks, bool same_tick,
                         const PassOutput& out) {
  ++pass_;
  if (!same_tick) ++tick_;
  reads_ = 0;
  Poll();
  std::fill_n(out.values, out.layout.columns * out.rows, std::numeric_limits<double>::quiet_NaN());
  std::fill_n(out.times, out.layout.files * out.rows, std::numeric_limits<double>::quiet_NaN());
  std::fill_n(out.errors, out.layout.files * out.rows, kNotRead);

  std::vector<Cgroup*> cgroups(out.rows);
  for (size_t row = 0; row < out.rows; ++row) {
    const auto found = cgroups_.find(ids[row]);
    if (found != cgroups_.end()) Ask(*(cgroups[row] = &found->second), masks[row]);
  }
  CloseIdle();
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
  directory_.reset();
  return reads_;
}

/** To be called for all rows before the first is read, so that nothing is closed that the same pass asks for. */
void Collector::Ask(Cgroup& cgroup, uint32_t mask) {
  for (size_t file = 0; file < files_.size(); ++file) {
    Slot& slot = cgroup.slots[file];
    if (!(mask >> file & 1) || slot.used == tick_) continue;
    slot.often = slot.used == 0 || slot.used + kIdleTicks >= tick_;
    slot.used = tick_;
    if (slot.open != open_files_.end()) open_files_.splice(open_files_.end(), open_files_, slot.open);
  }
}

void Collector::ReadRow(Cgroup& cgroup, uint32_t mask, size_t row, const PassOutput& out) {
  directory_.reset();
  cgroup.state = kPresent;
  bool answered = false;
  for (size_t file = 0; file < files_.size(); ++file) {
    if (!(mask >> file & 1)) continue;
    const int error = cgroup.state == kPresent ? ReadFile(cgroup, file, row, out) : ENODEV;
    // Whatever a descriptor answers but ENODEV, its cgroup is there.
    answered = answered || error == 0 || (error != ENODEV && cgroup.slots[file].open != open_files_.end());
    out.errors[out.layout.file_places[file] * out.rows + row] = static_cast<uint8_t>(error);
  }
  if (!answered && cgroup.state == kPresent) Verify(cgroup);
  if (cgroup.state != kPresent) CloseAll(cgroup);
}

int Collector::ReadFile(Cgroup& cgroup, size_t file, size_t row, const PassOutput& out) {
  Slot& slot = cgroup.slots[file];
  for (bool again = false;; again = true) {
    UniqueFd opened;
    const bool is_kept = slot.open != open_files_.end();
    if (!is_kept) {
      const int error = OpenFile(cgroup, file, opened);
      if (error != 0) return error;
    }
    const int fd = is_kept ? slot.open->fd.get() : opened.get();
    if (files_[file].polled) Watch(cgroup, slot, fd);
    const ssize_t size = ReadAll(fd);
    const double time = MonotonicMilliseconds();
    if (size >= 0) {
      File& spec = files_[file];
      double* const first = out.values + out.layout.column_places[spec.first_column] * out.rows + row;
      spec.parser.Parse(buffer_.data(), static_cast<size_t>(size), first, out.rows);
      out.times[out.layout.file_places[file] * out.rows + row] = time;
    } else {
      Unwatch(slot);
    }
    if (size != -ENODEV) {
      // What is watched is read seldom.
      if (slot.watch >= 0) {
        CloseFile(slot);
      } else if (opened && slot.often && RoomForFile()) {
        slot.open = open_files_.insert(open_files_.end(), {std::move(opened), &cgroup, file});
      }
      return size < 0 ? static_cast<int>(-size) : 0;
    }
    CloseFile(slot);
    // Either the cgroup is gone, or only the file is: its controller was disabled, or pressure switched off
    // (cgroup.pressure), and perhaps it is back by now.
    if (!Verify(cgroup)) return ENODEV;
    if (again) return ENOENT;
  }
}

int Collector::OpenFile(Cgroup& cgroup, size_t file, UniqueFd& fd) {
  Slot& slot = cgroup.slots[file];
  if (pass_ < slot.retry) return ENOENT;
  if (const int error = OpenDirectory(cgroup); error != 0) return error;
  const auto open = [&] {
    const int directory = directory_ ? directory_.get() : cgroup.directory->fd.get();
    return UniqueFd(openat(directory, files_[file].name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  };
  fd = open();
  if (!fd && OutOfDescriptors(errno) && Shed(cgroup)) fd = open();
  if (fd) {
    slot.retry = 0;
    return 0;
  }
  const int error = errno;
  if (error != ENOENT && error != ENODEV) return error;
  // A directory that was removed has no files either.
  if (!Verify(cgroup)) return ENODEV;
  slot.retry = pass_ + kRetryAfter + cgroup.id % kRetrySpread;
  return ENOENT;
}

/** 0 with a descriptor in `cgroup.directory` or, where there is no room for it, in `directory_`; else errno. */
int Collector::OpenDirectory(Cgroup& cgroup) {
  if (directory_ || cgroup.directory != open_directories_.end()) return 0;
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
  if (RoomForDirectory()) {
    cgroup.directory = open_directories_.insert(open_directories_.end(), {std::move(fd), &cgroup, 0});
  } else {
    directory_ = std::move(fd);
  }
  return 0;
}

/** Whether the path still leads to this cgroup, asked at most once a pass; else sets its state. */
bool Collector::Verify(Cgroup& cgroup) {
  if (cgroup.verified == pass_) return true;
  if (cgroup.inode == 0) {
    // It was never opened: it becomes what its path leads to now.
    return OpenDirectory(cgroup) == 0 || cgroup.state == kPresent;
  }
  // The path was found to lie beneath the mount when it was opened, and the inode tells whether it leads elsewhere now.
  struct stat status;
  if (fstatat(mount_.get(), cgroup.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
    if (NotThere(errno)) cgroup.state = kRemoved;
  } else if (status.st_ino != cgroup.inode || status.st_dev != device_) {
    cgroup.state = kRecreated;
  }
  // What cannot be known (EACCES) is not held against it, nor asked again in this pass.
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

void Collector::CloseFile(Slot& slot) {
  if (slot.open == open_files_.end()) return;
  open_files_.erase(slot.open);
  slot.open = open_files_.end();
}

void Collector::CloseDirectory(Cgroup& cgroup) {
  if (cgroup.directory == open_directories_.end()) return;
  open_directories_.erase(cgroup.directory);
  cgroup.directory = open_directories_.end();
}

void Collector::CloseAll(Cgroup& cgroup) {
  CloseDirectory(cgroup);
  for (Slot& slot : cgroup.slots) {
    CloseFile(slot);
    Unwatch(slot);
  }
}

void Collector::CloseIdle() {
  while (!open_files_.empty() && Oldest().used + kIdleTicks < tick_) CloseFile(Oldest());
}

/** Closes the least recently used file, unless this tick asks for it: then what it asks for else would be an open. */
bool Collector::CloseUnasked() {
  if (open_files_.empty() || Oldest().used == tick_) return false;
  CloseFile(Oldest());
  return true;
}

/** How many files may be kept: room is left for the directory of each cgroup, but not more than two thirds. */
size_t Collector::FileRoom() const {
  const size_t all = budget_.descriptors;
  return std::min(budget_.files, std::max(all - std::min(all, cgroups_.size() + 1), all / 3));
}

bool Collector::RoomForFile() { return (open_files_.size() < FileRoom() && !IsFull()) || CloseUnasked(); }

/** None makes room for another: where each has its turn, the one that is closed is the next to be opened. */
bool Collector::RoomForDirectory() const { return open_directories() < budget_.descriptors - FileRoom() && !IsFull(); }

/** No descriptor is left: closes some, and from now on keeps no more than what remains. */
bool Collector::Shed(const Cgroup& spared) {
  size_t closed = 0;
  while (closed < kShed && CloseUnasked()) ++closed;
  for (auto directory = open_directories_.begin(); closed < kShed && directory != open_directories_.end();) {
    Cgroup& cgroup = *directory++->cgroup;
    if (&cgroup == &spared) continue;
    CloseDirectory(cgroup);
    ++closed;
  }
  for (; closed < kShed && !open_files_.empty(); ++closed) CloseFile(Oldest());
  if (closed > 0) budget_.descriptors = open_files() + open_directories();
  return closed > 0;
}

/**
 * To be called before a read, so that inotify tells of all that happens after it. The kernel tells there of all that
 * poll(2) of the file would (kernfs_notify), and a watch costs less than a descriptor.
 */
void Collector::Watch(const Cgroup& cgroup, Slot& slot, int fd) {
  changed_.erase(slot.watch);
  if (!inotify_ || slot.watch >= 0 || watches_.size() >= budget_.watches) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
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

}  // namespace tscg
