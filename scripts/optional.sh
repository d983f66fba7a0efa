#!/usr/bin/env bash
# Installs what the optional backends and readers need: ffmpeg (videos), chromium (browser tests), python3 with pip and
# g++ (pnpm native), and a software Vulkan driver, Mesa's lavapipe 24 or newer (WebGPU without a GPU).
#
# For Debian 12 as root; elsewhere it says what to install. It may be run again at any time and is quick when all is
# there. Nothing here is needed to use Dr2Net: whatever fails only prints what is skipped without it, and the exit
# code stays 0.
set -u
export DEBIAN_FRONTEND=noninteractive

updated=
say() { echo "[optional] $*"; }

# update: fetches the package lists, once.
update() {
  [ -z "$updated" ] || return 0
  apt-get update -qq >/dev/null 2>&1 && updated=yes
}

# install WITHOUT PACKAGE...: installs, or says what is skipped without it.
install() {
  local without=$1
  shift
  say "installing $*"
  if update && apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; then return 0; fi
  say "could not install $*: skipped without it: $without"
  return 1
}

# have COMMAND...: whether all of them can be run.
have() {
  local command
  for command; do command -v "$command" >/dev/null 2>&1 || return 1; done
}

mesa_version() {
  dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null | sed 's/^[0-9]*://; s/[.].*//'
}

# backports: adds the backports suite of the mirror that this machine already takes its Debian release from.
backports() {
  local codename list=/etc/apt/sources.list.d/dr2net-backports.sources
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ -n "$codename" ] || return 1
  apt-get indextargets --format '$(SUITE) $(CODENAME)' 2>/dev/null | grep -q -- "$codename-backports" && return 0
  local entry repository signed
  # The entry that serves the release itself, not its security updates: where it comes from, and the key it is signed by.
  entry=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(SOURCESENTRY)' 'Created-By: Packages' 2>/dev/null |
    awk -v release="$codename" '$2 == release { print $1, $3; exit }')
  repository=${entry%% *}
  signed=$(grep -ohiE 'signed-by[:=] *[^] ]+' "$(sed 's/.* //; s/:[0-9]*$//' <<<"$entry")" 2>/dev/null |
    grep -o '/.*' | head -n 1)
  [ -n "$repository" ] || return 1
  {
    echo "Types: deb"
    echo "URIs: $repository"
    echo "Suites: $codename-backports"
    echo "Components: main"
    [ -z "$signed" ] || echo "Signed-By: $signed"
  } >"$list"
  updated=
  update || {
    rm -f "$list"
    updated=
    return 1
  }
}

lavapipe() {
  local without='tests of the webgpu backend in Node' version codename
  version=$(mesa_version)
  [ "${version:-0}" -ge 24 ] && return 0
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ "$codename" = bookworm ]; then
    backports || {
      say "no backports suite for lavapipe 24: skipped without it: $without"
      return 1
    }
    install "$without" -t "$codename-backports" mesa-vulkan-drivers libvulkan1
  else
    install "$without" mesa-vulkan-drivers libvulkan1
  fi
}

if ! have apt-get || [ "$(id -u)" != 0 ]; then
  say "needs root on Debian or Ubuntu; by hand: ffmpeg, chromium, python3 with pip, g++, Mesa lavapipe 24 or newer"
  exit 0
fi
have ffmpeg || install 'avi and other videos that WebCodecs does not read' ffmpeg
have chromium || have google-chrome || install 'tests in a browser' chromium
have python3 g++ strip && python3 -m pip --version >/dev/null 2>&1 ||
  install 'the native backend (pnpm native)' python3 python3-pip g++ binutils
lavapipe
say "ready: ffmpeg $(have ffmpeg && echo yes || echo no), chromium $(have chromium && echo yes || echo no)," \
  "g++ $(have g++ && echo yes || echo no), lavapipe $(mesa_version)"
