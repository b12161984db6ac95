{
  "targets": [
    {
      "target_name": "tscg",
      "sources": [
        "src/async.cc",
        "src/collector.cc",
        "src/collector-binding.cc",
        "src/descriptor.cc",
        "src/errors.cc",
        "src/files.cc",
        "src/inotify.cc",
        "src/launch.cc",
        "src/libbpf.cc",
        "src/module.cc",
        "src/namespaces.cc",
        "src/network.cc",
        "src/parser.cc",
        "src/poller.cc",
        "src/process.cc",
        "src/psi-trigger.cc",
        "src/read-files.cc",
        "src/sampler.cc",
        "src/waits.cc",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags!": ["-fno-exceptions", "-O3"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": [
        "-std=c++17",
        "-fexceptions",
        "-O2",
        "-Wall",
        "-Wextra",
        # A warning stops the build of a checkout; it must not cost a user of the package the addon.
        "<!(test -e ../.git && echo -Werror || echo -Wall)",
      ],
    }
  ]
}
