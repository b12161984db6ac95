#pragma once

#include <napi.h>

#include <string>

namespace tscg {

/** What failed in a system call: how worker threads, which may not touch JavaScript, hand an error over. */
struct Failure {
  int error = 0;
  const char* syscall = "";
  std::string path;

  explicit operator bool() const { return error != 0; }
};

/** As Node's own system errors (`code`, `syscall`, `path`, the same message), but `errno` positive. */
Napi::Error SystemError(Napi::Env env, const Failure& failure);

}  // namespace tscg
