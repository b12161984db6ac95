#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct bpf_object;
struct bpf_map;
struct bpf_program;
struct bpf_link;

namespace tscg {

/**
 * libbpf.so.1, opened when it is first asked for: the addon neither links against it nor needs its headers. The
 * functions are those of its stable interface; they fail with nullptr or a negative errno.
 */
struct Libbpf {
  bpf_object* (*object_open_mem)(const void* bytes, size_t size, const void* options);
  int (*object_load)(bpf_object*);
  void (*object_close)(bpf_object*);
  bpf_map* (*object_find_map_by_name)(const bpf_object*, const char* name);
  bpf_program* (*object_next_program)(const bpf_object*, bpf_program* before);
  int (*map_fd)(const bpf_map*);
  int (*map_set_max_entries)(bpf_map*, uint32_t entries);
  bpf_link* (*program_attach)(const bpf_program*);
  const char* (*program_name)(const bpf_program*);
  int (*link_destroy)(bpf_link*);
  int (*map_update_elem)(int fd, const void* key, const void* value, uint64_t flags);
  int (*map_lookup_elem)(int fd, const void* key, void* value);
  int (*map_delete_elem)(int fd, const void* key);
  int (*map_get_next_key)(int fd, const void* key, void* next);
  int (*num_possible_cpus)();
};

/** nullptr with the reason in `why` where it is not installed or lacks a function. */
const Libbpf* LoadLibbpf(std::string& why);

/** What libbpf has said since the last call, on this thread: its last warning, which tells more than an errno. */
std::string LastWarning();

}  // namespace tscg
