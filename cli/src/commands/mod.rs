//! One module per command.

#[cfg(feature = "bench")]
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod registry;
pub(crate) mod revoke;
pub(crate) mod stamp;
pub(crate) mod verify;

mod shared;
mod signer;
