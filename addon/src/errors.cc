#include "errors.h"

#include <uv.h>

namespace tscg {

Napi::Error SystemError(Napi::Env env, const Failure& failure) {
  const std::string code = uv_err_name(-failure.error);
  std::string message = code + ": " + uv_strerror(-failure.error) + ", " + failure.syscall;
  if (!failure.path.empty()) message += " '" + failure.path + "'";
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  error.Set("errno", Napi::Number::New(env, failure.error));
  error.Set("syscall", Napi::String::New(env, failure.syscall));
  if (!failure.path.empty()) error.Set("path", Napi::String::New(env, failure.path));
  return error;
}

}  // namespace tscg
