# A venv of Python packages, for platforms that are some. Goes before the platform's scripts.
# shellcheck shell=bash

# venv NAME MIB PYTHON REQUIREMENT...: /opt/NAME, of versions that CONSTRAINTS allow where there are any. Each set of
# requirements has a folder of its own: an install that was cut off is done again, a change takes effect at the restart,
# and what is there is what a new machine would get.
venv() {
  local wanted new names uv=/opt/uv/bin/uv
  local unfit="installing ${*:4} failed: check packages.indexUrl, the way out, and that these versions fit together"
  wanted=$(printf '%s\n' "${@:4}" ${CONSTRAINTS:+- "${CONSTRAINTS[@]}"})
  new=/opt/$1-$(sha256sum <<<"$wanted" | cut -c-9)
  [[ -e $new/requirements ]] || {
    need_space /opt "$2"
    export UV_CACHE_DIR=$cache/uv PIP_CACHE_DIR=$cache/pip UV_SYSTEM_CERTS=1
    [[ ! $INDEX_URL ]] || export UV_DEFAULT_INDEX=$INDEX_URL PIP_INDEX_URL=$INDEX_URL
    say "installing ${*:4}"
    note folder /opt/uv "$new" "/opt/$1"
    python3 -m venv /opt/uv
    /opt/uv/bin/pip install uv==0.13.8 || fail "$unfit"
    # pip, for tasks with packages of their own: Ray copies this environment for them
    $uv venv --seed --clear --python-preference=system -p"$3" "$new"
    install_packages "${@:4}"
    mapfile -t names < <(not_whole)
    ((!${#names[@]})) || {
      say "installing again what is not whole: ${names[*]}"
      $uv cache clean "${names[@]}"
      install_packages "${names[@]/#/--reinstall-package=}" "${@:4}"
    }
    $uv pip check -p"$new" || fail "$unfit"
    echo "$wanted" >"$new/requirements"
  }
  ln -sfn "$new" "/opt/$1"
}

install_packages() {
  $uv pip install -p"$new" -c <(printf '%s\n' "${CONSTRAINTS[@]}") "$@" || fail "$unfit"
}

# Packages with a file of another size than their wheel says: nobody else looks at what a cache has unpacked.
not_whole() {
  "$new/bin/python" -c 'from importlib.metadata import distributions as all
bad = lambda file: file.size is not None and not (file.locate().is_file() and file.locate().stat().st_size == file.size)
print(*sorted({one.name for one in all() if any(map(bad, one.files or ()))}), sep="\n", end="")'
}
