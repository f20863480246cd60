#!/bin/bash
# Copies Python and what it needs from a host's image into an empty tree, so that the stand-in's image is small:
# a daemon in a container copies every layer as a whole.
set -euo pipefail
root=$1
python=$(realpath /usr/bin/python3)
mkdir -p "$root"/{tmp,etc/ssl/certs,app,usr/bin,usr/lib,proc,sys,dev}
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp "$python" "$root/usr/bin/python3"
stdlib=/usr/lib/$(basename "$python")
mkdir -p "$root$stdlib"
tar -C "$stdlib" --exclude=__pycache__ --exclude='test*' --exclude=idlelib --exclude=ensurepip -cf - . | tar -C "$root$stdlib" -xf -
{
  ldd "$python"
  find "$stdlib/lib-dynload" -name '*.so' -exec ldd {} +
} | grep -o '/[^ ]*\.so[^ ]*' | grep -v lib-dynload | sort -u | while read -r library; do
  install -D "$(realpath "$library")" "$root/usr/${library#/usr/}" 2>/dev/null || install -D "$(realpath "$library")" "$root/usr$library"
done
