#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tscg {

/** `kWords` is `single` and `words` of src/kernel/collector.ts: numbers by their position in the first line. */
enum class Format : uint8_t { kWords, kFlat, kPressure, kDevices };

/**
 * The text of one interface file to numbers. Keys are looked for where they stood last (the kernel's order is nearly
 * constant), then everywhere. The rules are those of parseColumns() in src/kernel/parse-columns.ts.
 */
class Parser {
 public:
  Parser(Format format, const std::vector<std::string>& keys, const std::vector<std::string>& skip);

  /** Devices left out from now on, in the place of those before. */
  void Skip(const std::vector<std::string>& skip) { skip_ = skip; }

  size_t keys() const { return keys_.size(); }
  /** Bytes behind the text that must be readable, and of which the first must be writable. */
  size_t padding() const { return padding_; }

  /** Number of key k goes to `out[k * stride]`, which must be NaN before. */
  void Parse(char* text, size_t size, double* out, size_t stride);

 private:
  struct Key {
    /** `some` of `some.avg10`; else empty. */
    std::string line;
    /** With the byte that must follow, as `avg10=`; for flat files that byte is a blank and is compared apart. */
    std::string text;
    bool seen;
  };

  void ParseWords(const char* p, double* out, size_t stride) const;
  void ParseFlat(const char* p, const char* end, double* out, size_t stride) const;
  void ParsePressure(const char* p, const char* end, double* out, size_t stride) const;
  void ParseDevices(const char* p, const char* end, double* out, size_t stride);
  bool Skipped(const char* device, size_t size) const;

  Format format_;
  std::vector<Key> keys_;
  std::vector<std::string> skip_;
  size_t padding_ = 1;
};

}  // namespace tscg
