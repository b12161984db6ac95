#pragma once

#include <napi.h>

#include <functional>

#include "errors.h"

namespace tscg {

/** From now on Start() does the work at once, on the thread that calls it. */
void WorkOnThisThread();

/** Has a worker thread do the work. */
void Start(Napi::AsyncWorker* worker);

/** `work` on a worker thread, then `result` on the JavaScript thread: the promise's value, or a rejection. */
Napi::Promise RunAsync(Napi::Env env, const char* name, std::function<Failure()> work,
                       std::function<Napi::Value(Napi::Env)> result);

}  // namespace tscg
