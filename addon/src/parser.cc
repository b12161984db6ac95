#include "parser.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace tscg {
namespace {

constexpr double kUnavailable = std::numeric_limits<double>::quiet_NaN();
constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr size_t kNone = static_cast<size_t>(-1);
constexpr double kPowersOfTen[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

// Every text ends with a newline of ours, so that no loop needs the end.
bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool EndsToken(char c) { return IsBlank(c) || c == '\n'; }

const char* SkipBlanks(const char* p) {
  while (IsBlank(*p)) ++p;
  return p;
}

const char* TokenEnd(const char* p) {
  while (!EndsToken(*p)) ++p;
  return p;
}

const char* NextLine(const char* p, const char* end) {
  return static_cast<const char*>(memchr(p, '\n', static_cast<size_t>(end - p) + 1)) + 1;
}

/** The number at p, as `-?digits(.digits)?` or `max`; p moves to the end of its token. */
double Number(const char*& p) {
  const char* const start = p;
  const bool negative = *p == '-';
  if (negative) ++p;
  uint64_t digits = 0;
  const char* const whole = p;
  for (unsigned digit; (digit = static_cast<unsigned char>(*p) - '0') < 10; ++p) digits = digits * 10 + digit;
  const ptrdiff_t before = p - whole;
  ptrdiff_t after = 0;
  bool good = before > 0;
  if (*p == '.') {
    const char* const fraction = ++p;
    for (unsigned digit; (digit = static_cast<unsigned char>(*p) - '0') < 10; ++p) digits = digits * 10 + digit;
    after = p - fraction;
    good = good && after > 0;
  }
  if (!good || !EndsToken(*p)) {
    p = TokenEnd(start);
    return p - start == 3 && memcmp(start, "max", 3) == 0 ? kNoLimit : kUnavailable;
  }
  // Beyond these the digits overflow, or would be rounded twice.
  if (before + after > 19 || (after > 0 && digits > (uint64_t{1} << 53))) return strtod(start, nullptr);
  double value = static_cast<double>(digits);
  if (after > 0) value /= kPowersOfTen[after];
  return negative ? -value : value;
}

/** The key that matches: the expected one where it does, else any; kNone where none does. */
template <typename Key, typename Matches>
size_t FindKey(const std::vector<Key>& keys, size_t expected, const Matches& matches) {
  if (expected < keys.size() && matches(keys[expected])) return expected;
  for (size_t k = 0; k < keys.size(); ++k) {
    if (matches(keys[k])) return k;
  }
  return kNone;
}

}  // namespace

Parser::Parser(Format format, const std::vector<std::string>& keys, const std::vector<std::string>& skip)
    : format_(format), skip_(skip) {
  for (const std::string& key : keys) {
    const size_t dot = format == Format::kPressure ? key.find('.') : std::string::npos;
    const bool split = dot != std::string::npos;
    Key made{split ? key.substr(0, dot) : "", split ? key.substr(dot + 1) : key, false};
    if (format == Format::kPressure || format == Format::kDevices) made.text += '=';
    padding_ = std::max(padding_, made.text.size() + 1);
    keys_.push_back(std::move(made));
  }
}

void Parser::Parse(char* text, size_t size, double* out, size_t stride) {
  text[size] = '\n';
  const char* const end = text + size;
  switch (format_) {
    case Format::kWords:
      return ParseWords(text, out, stride);
    case Format::kFlat:
      return ParseFlat(text, end, out, stride);
    case Format::kPressure:
      return ParsePressure(text, end, out, stride);
    case Format::kDevices:
      return ParseDevices(text, end, out, stride);
  }
}

void Parser::ParseWords(const char* p, double* out, size_t stride) const {
  for (size_t k = 0; k < keys_.size(); ++k) {
    p = SkipBlanks(p);
    if (*p == '\n') return;
    out[k * stride] = Number(p);
  }
}

void Parser::ParseFlat(const char* p, const char* end, double* out, size_t stride) const {
  size_t expected = 0;
  size_t left = keys_.size();
  for (; p < end && left > 0; p = NextLine(p, end)) {
    p = SkipBlanks(p);
    size_t found = kNone;
    if (expected < keys_.size()) {
      const std::string& text = keys_[expected].text;
      if (memcmp(p, text.data(), text.size()) == 0 && EndsToken(p[text.size()])) found = expected;
    }
    if (found == kNone) {
      const size_t size = static_cast<size_t>(TokenEnd(p) - p);
      for (size_t k = 0; k < keys_.size() && found == kNone; ++k) {
        const std::string& text = keys_[k].text;
        if (text.size() == size && memcmp(p, text.data(), size) == 0) found = k;
      }
    }
    if (found == kNone) continue;
    expected = found + 1;
    p = SkipBlanks(p + keys_[found].text.size());
    double& value = out[found * stride];
    if (!std::isnan(value)) continue;
    value = Number(p);
    if (!std::isnan(value)) --left;
  }
}

void Parser::ParsePressure(const char* p, const char* end, double* out, size_t stride) const {
  size_t expected = 0;
  for (; p < end; p = NextLine(p, end)) {
    p = SkipBlanks(p);
    const char* const line = p;
    p = TokenEnd(p);
    const size_t line_size = static_cast<size_t>(p - line);
    const auto matches = [&](const Key& key) {
      return key.line.size() == line_size && memcmp(p, key.text.data(), key.text.size()) == 0 &&
             memcmp(line, key.line.data(), line_size) == 0;
    };
    while (*(p = SkipBlanks(p)) != '\n') {
      const size_t found = FindKey(keys_, expected, matches);
      if (found == kNone) {
        p = TokenEnd(p);
        continue;
      }
      expected = found + 1;
      p += keys_[found].text.size();
      const double value = Number(p);
      if (std::isnan(out[found * stride])) out[found * stride] = value;
    }
  }
}

bool Parser::Skipped(const char* device, size_t size) const {
  for (const std::string& skip : skip_) {
    if (skip.size() == size && memcmp(device, skip.data(), size) == 0) return true;
  }
  return false;
}

void Parser::ParseDevices(const char* p, const char* end, double* out, size_t stride) {
  for (Key& key : keys_) key.seen = false;
  size_t expected = 0;
  for (; p < end; p = NextLine(p, end)) {
    p = SkipBlanks(p);
    const char* const device = p;
    p = TokenEnd(p);
    const bool skipped = Skipped(device, static_cast<size_t>(p - device));
    while (*(p = SkipBlanks(p)) != '\n') {
      const auto matches = [&](const Key& key) { return memcmp(p, key.text.data(), key.text.size()) == 0; };
      const size_t found = FindKey(keys_, expected, matches);
      if (found == kNone) {
        p = TokenEnd(p);
        continue;
      }
      expected = found + 1;
      p += keys_[found].text.size();
      const double value = Number(p);
      double& sum = out[found * stride];
      if (!keys_[found].seen) sum = 0;
      keys_[found].seen = true;
      if (!skipped) sum += value;
    }
  }
  for (size_t k = 0; k < keys_.size(); ++k) {
    // The kernel leaves out what is zero, for a device and for all.
    if (!keys_[k].seen) out[k * stride] = 0;
  }
}

}  // namespace tscg
