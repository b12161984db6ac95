#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
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
 * Keeps descriptors of interface files and reads any of them in one pass. Not thread-safe: one pass at a time, and all
 * else between passes; only `descriptors` may be asked for at any time.
 */
class Collector {
 public:
  Collector(UniqueFd mount, const std::vector<FileSpec>& files, size_t budget, size_t watches,
            const std::vector<std::string>& skip);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  void Add(uint32_t id, std::string path);
  void Remove(uint32_t id);
  void Skip(const std::vector<std::string>& skip);
  PassLayout LayoutOf(const std::vector<uint32_t>& masks) const;
  /** Reads done. */
  uint32_t Pass(const std::vector<uint32_t>& ids, const std::vector<uint32_t>& masks, const PassOutput& out);
  /** As of the begin of the last pass: ids of cgroups of which a watched file changed after its last read. */
  const std::vector<uint32_t>& told() const { return told_; }
  size_t descriptors() const { return held_; }

 private:
  struct File {
    std::string name;
    Parser parser;
    size_t first_column;
    size_t columns;
    bool polled;
  };
  struct Slot {
    UniqueFd fd;
    uint32_t used = 0;
    /** The file was missing: not opened again before this pass. */
    uint32_t retry = 0;
    /** Of inotify, which tells when the file changed after its last read; -1 for none. */
    int watch = -1;
  };
  struct Cgroup {
    uint32_t id;
    std::string path;
    UniqueFd directory;
    uint64_t inode = 0;
    uint32_t used = 0;
    /** The pass in which its path was last seen to lead to its inode. */
    uint32_t verified = 0;
    uint8_t state = 0;
    std::vector<Slot> slots;
  };
  /** A descriptor of a cgroup: that of a file, or of the directory (-1). */
  struct Idle {
    uint32_t used;
    uint32_t id;
    int32_t file;
  };

  void ReadRow(Cgroup& cgroup, uint32_t mask, size_t row, const PassOutput& out);
  int ReadFile(Cgroup& cgroup, size_t file, size_t row, const PassOutput& out);
  /** 0 with `slot.fd` open, else errno; `keep`: whether it may stay open. */
  int OpenFile(Cgroup& cgroup, size_t file, bool& keep);
  int OpenDirectory(Cgroup& cgroup);
  bool Verify(Cgroup& cgroup);
  /** Bytes read, or a negative errno. */
  ssize_t ReadAll(int fd);

  void Hold(UniqueFd& place, UniqueFd fd);
  void Drop(UniqueFd& place);
  void Watch(const Cgroup& cgroup, Slot& slot);
  void Unwatch(Slot& slot);
  void Poll();
  void CloseIdle();
  void DropAll(Cgroup& cgroup);
  bool MakeRoom();
  void ListIdle();
  bool Shed(const Cgroup& spared);

  UniqueFd mount_;
  std::vector<File> files_;
  size_t budget_;
  size_t padding_ = 1;
  std::vector<char> buffer_;
  std::unordered_map<uint32_t, std::unique_ptr<Cgroup>> cgroups_;
  std::atomic<size_t> held_{0};
  /** None where no file is polled, or the kernel has no room for it. */
  UniqueFd inotify_;
  size_t most_watches_;
  /** By watch, the id of its cgroup. */
  std::unordered_map<int, uint32_t> watches_;
  /** Watches of files that changed after their last read. */
  std::unordered_set<int> changed_;
  std::vector<uint32_t> told_;
  uint32_t pass_ = 0;
  uint32_t reads_ = 0;
  /** Descriptors that the pass which listed them did not ask for, most recently used first. */
  std::vector<Idle> idle_;
  /** The pass that made `idle_`. */
  uint32_t listed_ = 0;
};

}  // namespace tscg
