//! What `tcp-ip` runs.

pub(crate) mod figures;
pub(crate) mod inspect;
pub(crate) mod laboratory;
pub(crate) mod quantity;
#[cfg(target_os = "linux")]
pub(crate) mod serve_tun;
pub(crate) mod simulate;
pub(crate) mod tour;
