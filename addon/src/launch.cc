#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "bindings.h"
#include "descriptor.h"
#include "errors.h"
#include "poller.h"
#include "values.h"

namespace tscg {
namespace {

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/** struct clone_args of linux/sched.h up to `cgroup`, which older headers lack. */
struct CloneArguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
constexpr uint64_t kIntoCgroup = 0x200000000;

enum class Call { kMount, kMkdir, kTouch, kSymlink, kPivot, kHostname, kLoopback, kUnshare };

struct Step {
  Call call;
  std::string source, target, type, data;
  unsigned long flags;
  bool optional;
};

/** All that the child needs, made before it begins: between clone and exec nothing may be allocated. */
struct Program {
  std::vector<std::string> files, arguments;
  std::vector<Step> steps;
  std::vector<char*> argv;
  /** For a script without `#!`: the second is its file. */
  std::vector<char*> shell_argv;
};

constexpr char kShell[] = "/bin/sh";

struct Report {
  int32_t step;
  int32_t error;
};

int Loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ifreq request{};
  memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int result = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return result;
}

/** The old root is put over the new one, and let go. */
int Pivot(const char* root) {
  if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0) return -1;
  return chdir("/");
}

int Touch(const char* path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  return fd < 0 ? -1 : close(fd);
}

/** System calls only. */
int Perform(const Step& step) {
  switch (step.call) {
    case Call::kMount:
      return mount(step.source.c_str(), step.target.c_str(), step.type.empty() ? nullptr : step.type.c_str(),
                   step.flags, step.data.empty() ? nullptr : step.data.c_str());
    case Call::kMkdir:
      return mkdir(step.target.c_str(), 0755) < 0 && errno != EEXIST ? -1 : 0;
    case Call::kTouch:
      return Touch(step.target.c_str());
    case Call::kSymlink:
      return symlink(step.source.c_str(), step.target.c_str());
    case Call::kPivot:
      return Pivot(step.target.c_str());
    case Call::kHostname:
      return sethostname(step.target.c_str(), step.target.size());
    case Call::kLoopback:
      return Loopback();
    case Call::kUnshare:
      return unshare(static_cast<int>(step.flags));
  }
  errno = EINVAL;
  return -1;
}

[[noreturn]] void Fail(int report, int step, int error, int code) {
  const Report line{step, error};
  const ssize_t written = write(report, &line, sizeof line);
  _exit(written < 0 ? 125 : code);
}

/** In the child, which is a copy of one thread of many: async-signal-safe functions only. */
[[noreturn]] void RunChild(Program& program, int go, int report) {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  // Node marks them so that nobody inherits them.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) fcntl(fd, F_SETFD, 0);

  char byte;
  ssize_t size;
  do size = read(go, &byte, 1);
  while (size < 0 && errno == EINTR);
  if (size != 1) _exit(125);  // Whoever started us is gone.

  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    if (Perform(step) < 0 && !step.optional) Fail(report, static_cast<int>(i), errno, 125);
  }
  int error = ENOENT;
  for (std::string& file : program.files) {
    execve(file.c_str(), program.argv.data(), environ);
    if (errno == ENOEXEC) {  // As execvp does.
      program.shell_argv[1] = file.data();
      execve(kShell, program.shell_argv.data(), environ);
    }
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  Fail(report, static_cast<int>(program.steps.size()), error, error == ENOENT ? 127 : 126);
}

Call CallOf(Napi::Env env, const std::string& name) {
  const std::pair<const char*, Call> calls[] = {
      {"mount", Call::kMount},       {"mkdir", Call::kMkdir},     {"touch", Call::kTouch},
      {"symlink", Call::kSymlink},   {"pivot", Call::kPivot},     {"hostname", Call::kHostname},
      {"loopback", Call::kLoopback}, {"unshare", Call::kUnshare},
  };
  for (const auto& [known, call] : calls) {
    if (name == known) return call;
  }
  throw Napi::TypeError::New(env, "no such step: " + name);
}

std::shared_ptr<Program> ProgramOf(Napi::Env env, const Napi::Object& spec) {
  auto program = std::make_shared<Program>();
  program->files = Strings(spec.Get("files"));
  program->arguments = Strings(spec.Get("arguments"));
  const auto steps = spec.Get("steps").As<Napi::Array>();
  for (uint32_t i = 0; i < steps.Length(); ++i) {
    const auto step = steps.Get(i).As<Napi::Object>();
    const auto text = [&](const char* key) -> std::string {
      return step.Has(key) ? step.Get(key).As<Napi::String>().Utf8Value() : std::string();
    };
    program->steps.push_back(
        {CallOf(env, text("call")), text("source"), text("target"), text("type"), text("data"),
         step.Has("flags") ? static_cast<unsigned long>(step.Get("flags").As<Napi::Number>().Int64Value()) : 0,
         step.Has("optional") && step.Get("optional").ToBoolean().Value()});
  }
  for (std::string& argument : program->arguments) program->argv.push_back(argument.data());
  program->argv.push_back(nullptr);
  program->shell_argv = program->argv;
  program->shell_argv.insert(program->shell_argv.begin(), const_cast<char*>(kShell));
  return program;
}

/** Both ends are closed on exec. */
void Pipe(Napi::Env env, UniqueFd& read_end, UniqueFd& write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) throw SystemError(env, {errno, "pipe2", ""});
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
}

/** The two pipes of a child that waits. */
struct Held {
  UniqueFd go, report;
};

Napi::Value Release(const Napi::CallbackInfo& info, const std::shared_ptr<Held>& held) {
  const auto report = std::make_shared<Report>();
  const auto failed = std::make_shared<bool>(false);
  return RunAsync(
      info.Env(), "tscg.launch",
      [=]() -> Failure {
        // EPIPE: a signal has ended it, which the callback tells.
        if (write(held->go.get(), "g", 1) < 0 && errno != EPIPE) return {errno, "write", ""};
        held->go.reset();
        ssize_t size;
        do size = read(held->report.get(), report.get(), sizeof *report);
        while (size < 0 && errno == EINTR);
        *failed = size == sizeof *report;  // exec closes the pipe.
        held->report.reset();
        return {};
      },
      [=](Napi::Env env) -> Napi::Value {
        if (!*failed) return env.Null();
        Napi::Object result = Napi::Object::New(env);
        result.Set("step", Napi::Number::New(env, report->step));
        result.Set("error", SystemError(env, {report->error, "launch", ""}).Value());
        return result;
      });
}

}  // namespace

Napi::Value Launch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto spec = info[0].As<Napi::Object>();
  const auto program = ProgramOf(env, spec);
  const int cgroup = spec.Get("cgroup").As<Napi::Number>();
  const auto callback = std::make_shared<Callback>(env, info[1].As<Napi::Function>(), "tscg.launch");
  const auto held = std::make_shared<Held>();
  UniqueFd child_go, child_report;
  Pipe(env, child_go, held->go);
  Pipe(env, held->report, child_report);

  int pidfd = -1;
  CloneArguments arguments{};
  arguments.flags = CLONE_PIDFD | static_cast<uint64_t>(spec.Get("namespaces").As<Napi::Number>().Int64Value());
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= kIntoCgroup;
    arguments.cgroup = static_cast<uint64_t>(cgroup);
  }
  // No handler of ours may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  const int error = errno;
  if (pid == 0) {
    close(held->go.get());
    close(held->report.get());
    RunChild(*program, child_go.get(), child_report.get());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SystemError(env, {error, "clone3", ""});
  child_report.reset();

  const auto handle = std::make_shared<PollerHandle>();
  const auto reap = [=](int) {
    siginfo_t status{};
    if (waitid(P_PID, static_cast<id_t>(pid), &status, WEXITED | WNOHANG) == 0 && status.si_pid == 0) return;
    handle->Close();
    const bool exited = status.si_code == CLD_EXITED;
    callback->Call(
        {Napi::Number::New(env, exited ? status.si_status : 0), Napi::Number::New(env, exited ? 0 : status.si_status)});
  };
  try {
    handle->poller = Poller::Start(env, UniqueFd(pidfd), UV_READABLE, reap);
  } catch (const Napi::Error&) {
    held->go.reset();  // Nobody would learn of its end: it ends before it runs anything.
    waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED);
    throw;
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("pid", Napi::Number::New(env, static_cast<double>(pid)));
  object.Set("release", Napi::Function::New(
                            env, [held](const Napi::CallbackInfo& call) { return Release(call, held); }, "release"));
  return object;
}

}  // namespace tscg
