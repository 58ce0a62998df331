#!/bin/sh
# Installs libtickplane for C and C++ under a prefix: headers, shared and static library, pkg-config and CMake package,
# examples. Needs cargo and a C compiler, and nothing of what it installs needs Rust afterwards.
set -eu

usage() {
    cat <<'TEXT'
usage: ffi/install.sh --prefix DIR [--libdir NAME] [--from DIR]

  --prefix DIR   where to: /usr/local, ~/.local, ...
  --libdir NAME  the folder of libraries under it (default: lib; lib64 and lib/x86_64-linux-gnu are others)
  --from DIR     take libtickplane.so and libtickplane.a from there instead of building them

DESTDIR in the environment is put before every path, for who makes packages.
TEXT
}

fail() {
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

prefix='' libdir=lib from=''
while [ $# -gt 0 ]; do
    case $1 in
    --prefix | --libdir | --from)
        [ $# -ge 2 ] || fail "$1 needs a value; see --help" 2
        case $1 in
        --prefix) prefix=$2 ;;
        --libdir) libdir=$2 ;;
        --from) from=$2 ;;
        esac
        shift 2
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) fail "unknown argument '$1'; see --help" 2 ;;
    esac
done
[ -n "$prefix" ] || fail "--prefix is missing; see --help" 2
case $libdir in
/* | *..* | '') fail "--libdir is a folder under the prefix, not '$libdir'" 2 ;;
esac
mkdir -p "${DESTDIR:-}$prefix" || fail "cannot make ${DESTDIR:-}$prefix"
prefix=$(cd "${DESTDIR:-}$prefix" && pwd) # with DESTDIR in front

here=$(cd "$(dirname "$0")" && pwd)
id=$(cd "$here" && cargo pkgid --package tickplane-ffi) || fail "cargo does not know the package: run this from its tree"
version=${id##*[#@]}
abi=$(sed -n 's/^#define TP_ABI_VERSION //p' "$here/include/tickplane.h")
if [ -z "$from" ]; then
    (cd "$here" && cargo build --release --locked --package tickplane-ffi)
    target=$(cd "$here" && cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    from=$target/release
fi
for library in libtickplane.so libtickplane.a; do
    [ -f "$from/$library" ] || fail "no $from/$library"
done

lib=$prefix/$libdir
mkdir -p "$prefix/include" "$lib/pkgconfig" "$lib/cmake/tickplane" "$prefix/share/tickplane/examples"
for header in "$here"/include/*.h "$here"/include/*.hpp; do
    if [ -f "$header" ]; then install -m 644 "$header" "$prefix/include"; fi
done
# The newest release of an interface is the one that programs load; several may stand side by side.
install -m 755 "$from/libtickplane.so" "$lib/libtickplane.so.$version"
ln -sf "libtickplane.so.$version" "$lib/libtickplane.so.$abi"
ln -sf "libtickplane.so.$abi" "$lib/libtickplane.so"
install -m 644 "$from/libtickplane.a" "$lib"
for example in "$here"/examples/*; do
    install -m 644 "$example" "$prefix/share/tickplane/examples"
done

# From a folder of libraries back to the prefix, so that an installation may be moved.
up=$(printf '%s' "$libdir" | sed 's#[^/][^/]*#..#g')
fill() {
    sed -e "s#@VERSION@#$version#g" -e "s#@MAJOR@#${version%%.*}#g" -e "s#@ABI@#$abi#g" \
        -e "s#@LIBDIR@#$libdir#g" -e "s#@UP@#$up#g" "$here/package/$1.in" >"$2/$1"
}
fill tickplane.pc "$lib/pkgconfig"
fill tickplaneConfig.cmake "$lib/cmake/tickplane"
fill tickplaneConfigVersion.cmake "$lib/cmake/tickplane"

cat <<TEXT
libtickplane $version (interface $abi) is in $prefix.

  cc program.c \$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs tickplane) -Wl,-rpath,$lib
  cmake -DCMAKE_PREFIX_PATH=$prefix ...    with find_package(tickplane) and tickplane::shared, ::static or ::headers
TEXT
