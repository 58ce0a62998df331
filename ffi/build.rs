//! Names the shared library by the version of its interface, so that a program finds the one it was linked with.

fn main() {
    // The number of TP_ABI_VERSION: a test holds them together.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtickplane.so.1");
    println!("cargo:rerun-if-changed=build.rs");
}
