#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "descriptor.h"
#include "errors.h"

namespace tscg {
namespace {

using Bytes = std::vector<uint8_t>;

/** The kernel fills at most 32 KiB at a time. */
constexpr size_t kLargestPart = 64 << 10;
/** Some 30000 interfaces. */
constexpr size_t kLargestAnswer = 32 << 20;

/** Whether the message that ends an answer is in this part of it: the last of a dump, an acknowledgement, an error. */
bool IsLast(const Bytes& part, size_t size) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(part.data());
  // Signed: NLMSG_NEXT takes off the padding too, which the last message may lack.
  auto left = static_cast<int>(size);
  for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return true;
  }
  return false;
}

Failure Ask(int fd, const Bytes& request, Bytes& answer) {
  if (send(fd, request.data(), request.size(), 0) < 0) return {errno, "send", "rtnetlink"};
  Bytes part(kLargestPart);
  while (true) {
    const ssize_t size = recv(fd, part.data(), part.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return {errno, "recv", "rtnetlink"};
    const auto filled = static_cast<size_t>(size);
    if (filled > part.size() || answer.size() + filled > kLargestAnswer) return {EMSGSIZE, "recv", "rtnetlink"};
    answer.insert(answer.end(), part.begin(), part.begin() + size);
    if (IsLast(part, filled)) return {};
  }
}

Failure AskAll(const std::vector<Bytes>& requests, std::vector<Bytes>& answers) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return {errno, "socket", "rtnetlink"};
  for (size_t i = 0; i < requests.size(); ++i) {
    if (Failure failure = Ask(fd.get(), requests[i], answers[i])) return failure;
  }
  return {};
}

}  // namespace

Napi::Value Listens(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // No socket has such a path.
  if (path.size() >= sizeof(address.sun_path)) return Napi::Boolean::New(info.Env(), false);
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) throw SystemError(info.Env(), {errno, "socket", path});
  const bool refused =
      connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0 && errno == ECONNREFUSED;
  return Napi::Boolean::New(info.Env(), !refused);
}

Napi::Value RouteNetlink(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int given = info[0].As<Napi::Number>();
  const auto array = info[1].As<Napi::Array>();
  std::vector<Bytes> requests(array.Length());
  for (uint32_t i = 0; i < requests.size(); ++i) {
    const auto request = array.Get(i).As<Napi::Uint8Array>();
    requests[i].assign(request.Data(), request.Data() + request.ByteLength());
  }
  // A descriptor of our own: the caller's may be closed before the worker comes to it.
  const auto space = std::make_shared<UniqueFd>(given < 0 ? -1 : fcntl(given, F_DUPFD_CLOEXEC, 0));
  if (given >= 0 && !*space) throw SystemError(env, {errno, "dup", ""});
  auto answers = std::make_shared<std::vector<Bytes>>(requests.size());
  return RunAsync(
      env, "tscg.routeNetlink",
      [space, answers, requests = std::move(requests)]() -> Failure {
        if (!*space) return AskAll(requests, *answers);
        // On a thread that ends with it: the threads of Node stay in the namespace that they are in.
        return std::async(std::launch::async,
                          [&]() -> Failure {
                            if (setns(space->get(), CLONE_NEWNET) < 0) return {errno, "setns", ""};
                            return AskAll(requests, *answers);
                          })
            .get();
      },
      [answers](Napi::Env env) -> Napi::Value {
        auto result = Napi::Array::New(env, answers->size());
        for (uint32_t i = 0; i < answers->size(); ++i) {
          const Bytes& answer = (*answers)[i];
          auto bytes = Napi::Uint8Array::New(env, answer.size());
          std::copy(answer.begin(), answer.end(), bytes.Data());
          result.Set(i, bytes);
        }
        return result;
      });
}

}  // namespace tscg
