#include "libbpf.h"

#include <dlfcn.h>

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace tscg {
namespace {

constexpr char kLibrary[] = "libbpf.so.1";

thread_local std::string last_warning;

/** libbpf_print_fn_t: level 0 is a warning. */
int Keep(int level, const char* format, va_list arguments) {
  if (level != 0) return 0;
  char line[512];
  const int size = vsnprintf(line, sizeof line, format, arguments);
  last_warning = line;
  while (!last_warning.empty() && last_warning.back() == '\n') last_warning.pop_back();
  return size;
}

/** Whether the symbol is there; `place` then is the function. */
template <typename Function>
bool Find(void* library, const char* name, Function*& place) {
  // POSIX: a pointer that dlsym gives may be taken for a function.
  place = reinterpret_cast<Function*>(dlsym(library, name));
  return place != nullptr;
}

struct Loaded {
  Libbpf functions{};
  std::string why;
};

Loaded Load() {
  Loaded loaded;
  // Never closed: what it keeps for a thread would outlive its code.
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.why = dlerror();
    return loaded;
  }
  Libbpf& to = loaded.functions;
  void* (*set_print)(int (*)(int, const char*, va_list)) = nullptr;
  const bool complete =
      Find(library, "bpf_object__open_mem", to.object_open_mem) && Find(library, "bpf_object__load", to.object_load) &&
      Find(library, "bpf_object__close", to.object_close) &&
      Find(library, "bpf_object__find_map_by_name", to.object_find_map_by_name) &&
      Find(library, "bpf_object__next_program", to.object_next_program) && Find(library, "bpf_map__fd", to.map_fd) &&
      Find(library, "bpf_map__set_max_entries", to.map_set_max_entries) &&
      Find(library, "bpf_program__attach", to.program_attach) && Find(library, "bpf_program__name", to.program_name) &&
      Find(library, "bpf_link__destroy", to.link_destroy) && Find(library, "bpf_map_update_elem", to.map_update_elem) &&
      Find(library, "bpf_map_lookup_elem", to.map_lookup_elem) &&
      Find(library, "bpf_map_delete_elem", to.map_delete_elem) &&
      Find(library, "bpf_map_get_next_key", to.map_get_next_key) &&
      Find(library, "libbpf_num_possible_cpus", to.num_possible_cpus) && Find(library, "libbpf_set_print", set_print);
  if (complete) {
    set_print(Keep);
  } else {
    loaded.why = std::string(kLibrary) + " lacks a function: " + dlerror();
  }
  return loaded;
}

}  // namespace

const Libbpf* LoadLibbpf(std::string& why) {
  static const Loaded loaded = Load();
  why = loaded.why;
  return loaded.why.empty() ? &loaded.functions : nullptr;
}

std::string LastWarning() { return std::exchange(last_warning, std::string()); }

}  // namespace tscg
