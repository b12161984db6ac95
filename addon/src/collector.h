#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "descriptor.h"
#include "parser.h"

namespace tscg {

struct FileSpec {
  std::string file;
  Format format;
  std::vector<std::string> keys;
  bool polled;
};

/** How many descriptors may be kept in all, how many of them of files, and how many files may be watched. */
struct Budget {
  size_t descriptors;
  size_t files;
  size_t watches;
};

/** Where a pass puts what it reads, by file and by column of the schema; -1 for a file that no row asks for. */
struct PassLayout {
  std::vector<int32_t> file_places, column_places;
  size_t files = 0;
  size_t columns = 0;
};

/** The columns of one pass, as Columns of src/kernel/collector.ts; memory of the caller. */
struct PassOutput {
  PassLayout layout;
  size_t rows;
  double* values;
  uint8_t* errors;
  double* times;
  uint8_t* states;
  double* inodes;
  uint32_t* watched;
};

/**
 * Keeps descriptors of cgroups and of their interface files, and reads any of the files in one pass. Not thread-safe:
 * one pass at a time, and all else between passes.
 */
class Collector {
 public:
  Collector(UniqueFd mount, const std::vector<FileSpec>& files, const Budget& budget,
            const std::vector<std::string>& skip);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  void Add(uint32_t id, const std::string& path);
  void Remove(uint32_t id);
  void Skip(const std::vector<std::string>& skip);
  PassLayout LayoutOf(const std::vector<uint32_t>& masks) const;
  /** Reads done. `same_tick`: it goes on with the tick of the pass before. */
  uint32_t Pass(const std::vector<uint32_t>& ids, const std::vector<uint32_t>& masks, bool same_tick,
                const PassOutput& out);
  /** As of the begin of the last pass: ids of cgroups of which a watched file changed after its last read. */
  const std::vector<uint32_t>& told() const { return told_; }
  /** Descriptors of files, and of directories with the mount. */
  size_t open_files() const { return open_files_.size(); }
  size_t open_directories() const { return open_directories_.size() + 1; }

 private:
  struct Cgroup;

  struct File {
    std::string name;
    Parser parser;
    size_t first_column;
    size_t columns;
    bool polled;
  };
  /** A descriptor that is kept. */
  struct Kept {
    UniqueFd fd;
    Cgroup* cgroup;
    /** Of a file. */
    size_t file;
  };
  using KeptList = std::list<Kept>;

  struct Slot {
    /** In `open_files_`; its end where no descriptor is kept. */
    KeptList::iterator open;
    /** The last tick that asked for the file. */
    uint32_t used = 0;
    /** The file was missing: not opened again before this pass. */
    uint32_t retry = 0;
    /** Of inotify, which tells when the file changed after its last read; -1 for none. */
    int watch = -1;
    /** Worth a descriptor: it had been asked for a few ticks before, or never. */
    bool often = false;
  };
  struct Cgroup {
    uint32_t id;
    /** Beneath the mount, without a leading slash; `.` is the mount. */
    std::string path;
    /** In `open_directories_`; its end where no descriptor is kept. */
    KeptList::iterator directory;
    uint64_t inode = 0;
    /** The pass in which its path was last seen to lead to its inode. */
    uint32_t verified = 0;
    uint8_t state = 0;
    std::vector<Slot> slots;
  };

  void Ask(Cgroup& cgroup, uint32_t mask);
  void ReadRow(Cgroup& cgroup, uint32_t mask, size_t row, const PassOutput& out);
  int ReadFile(Cgroup& cgroup, size_t file, size_t row, const PassOutput& out);
  /** 0 with `fd` open, else errno. */
  int OpenFile(Cgroup& cgroup, size_t file, UniqueFd& fd);
  int OpenDirectory(Cgroup& cgroup);
  bool Verify(Cgroup& cgroup);
  /** Bytes read, or a negative errno. */
  ssize_t ReadAll(int fd);

  void CloseFile(Slot& slot);
  void CloseDirectory(Cgroup& cgroup);
  void CloseAll(Cgroup& cgroup);
  Slot& Oldest() { return open_files_.front().cgroup->slots[open_files_.front().file]; }
  void CloseIdle();
  bool CloseUnasked();
  size_t FileRoom() const;
  bool RoomForFile();
  bool RoomForDirectory() const;
  bool IsFull() const { return open_files() + open_directories() >= budget_.descriptors; }
  bool Shed(const Cgroup& spared);
  void Watch(const Cgroup& cgroup, Slot& slot, int fd);
  void Unwatch(Slot& slot);
  void Poll();

  UniqueFd mount_;
  dev_t device_ = 0;
  std::vector<File> files_;
  Budget budget_;
  size_t padding_ = 1;
  std::vector<char> buffer_;
  std::unordered_map<uint32_t, Cgroup> cgroups_;
  /** The least recently asked for is first. */
  KeptList open_files_;
  KeptList open_directories_;
  /** Of the cgroup that is being read, where it is not kept. */
  UniqueFd directory_;
  /** None where no file is polled, or the kernel has no room for it. */
  UniqueFd inotify_;
  /** By watch, the id of its cgroup. */
  std::unordered_map<int, uint32_t> watches_;
  /** Watches of files that changed after their last read. */
  std::unordered_set<int> changed_;
  std::vector<uint32_t> told_;
  uint32_t pass_ = 0;
  uint32_t tick_ = 0;
  uint32_t reads_ = 0;
};

}  // namespace tscg
