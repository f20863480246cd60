# A venv of Python packages, for platforms that are some. Goes before the platform's scripts.
# shellcheck shell=bash

# venv NAME MIB PYTHON REQUIREMENT...: /opt/NAME, of versions that CONSTRAINTS allow where there are any. Each set of
# requirements has a folder of its own: an install that was cut off is done again, a change takes effect at the restart,
# and what is there is what a new machine would get.
venv() {
  local wanted new uv=/opt/uv/bin/uv
  wanted=$(printf '%s\n' "${@:4}" ${CONSTRAINTS:+- "${CONSTRAINTS[@]}"})
  new=/opt/$1-$(sha256sum <<<"$wanted" | cut -c-9)
  [[ -e $new/requirements ]] || {
    need_space /opt "$2"
    export UV_CACHE_DIR=$cache/uv PIP_CACHE_DIR=$cache/pip UV_SYSTEM_CERTS=1
    [[ ! $INDEX_URL ]] || export UV_DEFAULT_INDEX=$INDEX_URL PIP_INDEX_URL=$INDEX_URL
    say "installing ${*:4}"
    note folder /opt/uv
    note folder "$new"
    {
      python3 -m venv /opt/uv && /opt/uv/bin/pip install uv==0.13.8 &&
        $uv venv --clear --python-preference=system -p"$3" "$new" &&
        $uv pip install -p"$new" -c <(printf '%s\n' "${CONSTRAINTS[@]}") "${@:4}" && $uv pip check -p"$new"
    } || fail "installing ${*:4} failed: check packages.indexUrl, the way out, and that these versions fit together"
    echo "$wanted" >"$new/requirements"
  }
  note folder "/opt/$1"
  ln -sfn "$new" "/opt/$1"
}
