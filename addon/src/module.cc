#include <malloc.h>

#include "async.h"
#include "bindings.h"

namespace {

/**
 * What glibc keeps of memory that was freed, at the end of each arena. By itself it keeps more after each large block,
 * until the arenas of the threads that compiled the program hold several MB that nobody uses again.
 */
void KeepLittleFreed() {
#ifdef M_TRIM_THRESHOLD
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}

/** Gives back whole pages that are free between what is in use. */
Napi::Value TrimMemory(const Napi::CallbackInfo& info) {
  return tscg::RunAsync(
      info.Env(), "tscg.trimMemory",
      [] {
#ifdef M_TRIM_THRESHOLD
        malloc_trim(0);
#endif
        return tscg::Failure{};
      },
      [](Napi::Env env) { return env.Undefined(); });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  using namespace tscg;
  KeepLittleFreed();
  exports.Set("createCollector", Napi::Function::New(env, CreateCollector, "createCollector"));
  exports.Set("trimMemory", Napi::Function::New(env, TrimMemory, "trimMemory"));
  exports.Set("walk", Napi::Function::New(env, Walk, "walk"));
  exports.Set("readFiles", Napi::Function::New(env, ReadFiles, "readFiles"));
  exports.Set("keepFiles", Napi::Function::New(env, KeepFiles, "keepFiles"));
  exports.Set("isWritable", Napi::Function::New(env, IsWritable, "isWritable"));
  exports.Set("lockFile", Napi::Function::New(env, LockFile, "lockFile"));
  exports.Set("openBeneath", Napi::Function::New(env, OpenBeneathBinding, "openBeneath"));
  exports.Set("openInRoot", Napi::Function::New(env, OpenInRootBinding, "openInRoot"));
  exports.Set("cgroupId", Napi::Function::New(env, CgroupId, "cgroupId"));
  exports.Set("pidfdOpen", Napi::Function::New(env, PidfdOpen, "pidfdOpen"));
  exports.Set("pidfdSendSignal", Napi::Function::New(env, PidfdSendSignal, "pidfdSendSignal"));
  exports.Set("namespaceInodes", Napi::Function::New(env, ReadNamespaceInodes, "namespaceInodes"));
  exports.Set("namespaceInfo", Napi::Function::New(env, ReadNamespaceInfo, "namespaceInfo"));
  exports.Set("createPsiTrigger", Napi::Function::New(env, CreatePsiTrigger, "createPsiTrigger"));
  exports.Set("launch", Napi::Function::New(env, Launch, "launch"));
  exports.Set("createInotify", Napi::Function::New(env, CreateInotify, "createInotify"));
  exports.Set("listens", Napi::Function::New(env, Listens, "listens"));
  exports.Set("createSampler", Napi::Function::New(env, CreateSampler, "createSampler"));
  exports.Set("missingLibbpf", Napi::Function::New(env, MissingLibbpf, "missingLibbpf"));
  exports.Set("openWaits", Napi::Function::New(env, OpenWaits, "openWaits"));
  exports.Set("routeNetlink", Napi::Function::New(env, RouteNetlink, "routeNetlink"));
  exports.Set("workOnThisThread", Napi::Function::New(
                                      env, [](const Napi::CallbackInfo&) { WorkOnThisThread(); }, "workOnThisThread"));
  return exports;
}

}  // namespace

NODE_API_MODULE(tscg, Init)
