/** Container engines, and what starts containers through them, as their services are called: a part of a regular expression. */
export const ENGINE_NAMES =
  '(?:docker|containerd|podman|crio|cri-o|buildkit|k3s|k3s-agent|k0scontroller|k0sworker|kubelet|rke2-server|rke2-agent|lxd|incusd?|libvirtd|virtqemud)';
