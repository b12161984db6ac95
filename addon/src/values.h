#pragma once

#include <napi.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tscg {

/** An array of strings. */
inline std::vector<std::string> Strings(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings(array.Length());
  for (uint32_t i = 0; i < strings.size(); ++i) strings[i] = array.Get(i).As<Napi::String>();
  return strings;
}

/** A typed array of these. */
template <typename Array, typename Value>
Array ArrayOf(Napi::Env env, const std::vector<Value>& values) {
  auto array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

inline Napi::Float64Array Doubles(Napi::Env env, const std::vector<double>& values) {
  return ArrayOf<Napi::Float64Array>(env, values);
}

}  // namespace tscg
