#pragma once

#include <napi.h>

/** What each file gives to JavaScript; the types are in src/kernel/native.ts. */
namespace tscg {

Napi::Value CreateCollector(const Napi::CallbackInfo& info);
Napi::Value Walk(const Napi::CallbackInfo& info);
Napi::Value ReadFiles(const Napi::CallbackInfo& info);
Napi::Value KeepFiles(const Napi::CallbackInfo& info);
Napi::Value IsWritable(const Napi::CallbackInfo& info);
Napi::Value LockFile(const Napi::CallbackInfo& info);
Napi::Value OpenBeneathBinding(const Napi::CallbackInfo& info);
Napi::Value OpenInRootBinding(const Napi::CallbackInfo& info);
Napi::Value CgroupId(const Napi::CallbackInfo& info);
Napi::Value PidfdOpen(const Napi::CallbackInfo& info);
Napi::Value PidfdSendSignal(const Napi::CallbackInfo& info);
Napi::Value ReadNamespaceInodes(const Napi::CallbackInfo& info);
Napi::Value ReadNamespaceInfo(const Napi::CallbackInfo& info);
Napi::Value CreatePsiTrigger(const Napi::CallbackInfo& info);
Napi::Value Launch(const Napi::CallbackInfo& info);
Napi::Value CreateInotify(const Napi::CallbackInfo& info);
Napi::Value Listens(const Napi::CallbackInfo& info);
Napi::Value CreateSampler(const Napi::CallbackInfo& info);
Napi::Value MissingLibbpf(const Napi::CallbackInfo& info);
Napi::Value OpenWaits(const Napi::CallbackInfo& info);
Napi::Value RouteNetlink(const Napi::CallbackInfo& info);

}  // namespace tscg
