//! Pictures and sounds in the files that people have: probe, decode, encode, and keep what is beside
//! the pixels and samples.
//!
//! The crate knows no watermark. A file's type is found by its content, never by its name. Files may
//! be hostile: [`Limits`] are checked before memory is asked for, and a panic inside a decoder becomes
//! [`MediaError::Damaged`].

mod error;
mod format;
mod limits;
mod metadata;
mod picture;
mod sound;

pub use error::MediaError;
pub use format::{Format, Medium};
pub use limits::Limits;
pub use metadata::{Block, Chunk, Metadata, Tag, read_metadata};
pub use picture::*;
pub use sound::*;
