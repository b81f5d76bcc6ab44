#!/usr/bin/env bash
# Installs what tests on real virtual machines need from Debian's packages (as root), and is quick where it is installed:
# libvirtd with its driver for QEMU, QEMU itself, and what libvirt-python is built with. No service is started.
set -euo pipefail

missing=()
command -v libvirtd >/dev/null || [[ -x /usr/sbin/libvirtd ]] || missing+=(libvirt-daemon)
compgen -G '/usr/lib*/*/libvirt/connection-driver/libvirt_driver_qemu.so' >/dev/null || missing+=(libvirt-daemon-driver-qemu)
command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
command -v qemu-img >/dev/null && command -v qemu-io >/dev/null || missing+=(qemu-utils)
command -v pkg-config >/dev/null || missing+=(pkg-config)
pkg-config --exists libvirt 2>/dev/null || missing+=(libvirt-dev)
# gcc brings the assembler and the linker, for the guest.
command -v cc >/dev/null || missing+=(gcc)
[[ -e /usr/include/stdio.h ]] || missing+=(libc6-dev)
python3 -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
  missing+=(python3-dev)

if ((${#missing[@]})); then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]} (packages of Debian and Ubuntu)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get update -qq
  timeout 300 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
