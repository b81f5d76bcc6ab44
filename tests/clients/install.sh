#!/usr/bin/env bash
# Installs the clients that the tests of this folder run, each in one version, and is quick where they are installed:
# WCF Data Services on Mono from Debian's packages (as root), data.js and DevExtreme with jsdom from npm into .clients/.
# pyodata is a Python package like others: the extra `dev` has it.
set -euo pipefail
cd "$(dirname "$0")"
target=$(cd ../.. && pwd)/.clients

missing=()
command -v mono >/dev/null || missing+=(mono-runtime)
command -v mcs >/dev/null || missing+=(mono-mcs)
# Brings System.Core, System.Xml and System.Xml.Linq along; nothing else of Mono is needed.
[[ -e /usr/lib/mono/4.5/System.Data.Services.Client.dll ]] || missing+=(libmono-system-data-services-client4.0-cil)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

if ((${#missing[@]})); then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]} (packages of Debian and Ubuntu)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get update -qq
  timeout 300 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# What is installed is what package-lock.json says, or nothing: the stamp is written last.
if ! cmp -s package-lock.json "$target/installed.json"; then
  mkdir -p "$target"
  cp package.json package-lock.json "$target"
  timeout 240 npm ci --prefix "$target" --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error
  cp package-lock.json "$target/installed.json"
fi
