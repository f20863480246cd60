#!/bin/bash
# Copies Python, redis and a shell from a host's image into an empty tree, so that the stand-ins' image is small: a
# daemon in a container copies every layer as a whole.
set -euo pipefail
root=$1
apt-get update -q
apt-get install -qy --no-install-recommends redis-server python3-yaml
python=$(realpath /usr/bin/python3)
stdlib=/usr/lib/$(basename "$python")
binaries=("$python" /usr/bin/redis-server /usr/bin/dash)
mkdir -p "$root"/{tmp,etc,usr/bin,usr/lib/python3,proc,sys,dev,data,configs,app} "$root$stdlib"
for folder in lib lib64 bin; do ln -s usr/$folder "$root/$folder"; done
cp "$python" "$root/usr/bin/python3"
cp /usr/bin/dash "$root/usr/bin/sh"
cp "$(realpath /usr/bin/redis-server)" "$root/usr/bin/redis-server"
ln -s python3 "$root/usr/bin/python"
tar -C "$stdlib" --exclude=__pycache__ --exclude='test*' --exclude=idlelib --exclude=ensurepip -cf - . | tar -C "$root$stdlib" -xf -
cp -r /usr/lib/python3/dist-packages/yaml "$root$stdlib/"
{
  ldd "${binaries[@]}"
  find "$stdlib/lib-dynload" -name '*.so' -exec ldd {} +
} | grep -o '/[^ ]*\.so[^ :]*' | grep -v lib-dynload | sort -u | while read -r library; do
  install -D "$(realpath "$library")" "$root/usr/${library#/usr/}" 2>/dev/null || install -D "$(realpath "$library")" "$root/usr$library"
done
printf '#!/bin/sh\nexec python3 /app/service.py "$@"\n' | tee "$root/start.sh" >"$root/usr/bin/tensorboard"
printf '#!/bin/sh\n' >"$root/configs/envsubst.sh"
chmod 755 "$root"/{start.sh,configs/envsubst.sh,usr/bin/tensorboard}
cp /run/service.py "$root/app/service.py"
cp /run/service.py "$root$stdlib/auth_proxy.py"
