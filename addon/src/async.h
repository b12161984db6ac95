#pragma once

#include <napi.h>

#include <functional>

#include "errors.h"

namespace tscg {

/** `work` on a worker thread, then `result` on the JavaScript thread: the promise's value, or a rejection. */
Napi::Promise RunAsync(Napi::Env env, const char* name, std::function<Failure()> work,
                       std::function<Napi::Value(Napi::Env)> result);

}  // namespace tscg
