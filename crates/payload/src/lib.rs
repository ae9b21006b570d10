//! What a filigrane watermark says, who may read it, and how it survives noise.
//!
//! ```
//! use filigrane_payload::{Attempts, CodeParameters, FALSE_POSITIVE_BOUND, Key, MarkId, Origin, Payload, PayloadCode};
//!
//! let payload = Payload::new(Origin::Generated, "00c0ffee00c0ffee00c0ff".parse::<MarkId>()?);
//! let code = PayloadCode::new(&Key::public(), "example v1", CodeParameters::default())?;
//!
//! // 1024 symbols of ±1 go into the medium; what comes back is noisy and of unknown scale.
//! let received: Vec<f32> = code.symbols(&payload).iter().map(|symbol| 0.3 * symbol).collect();
//! let mut attempts = Attempts::new(FALSE_POSITIVE_BOUND);
//! let decoded = code.decode(&received, &mut attempts).expect("noiseless");
//! assert_eq!(decoded.payload, payload);
//! assert!(decoded.p_value < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The types
//!
//! - [`Key`]: a 256-bit secret with a name. [`Key::public`] is built in for marks that anybody may
//!   detect. [`Key::derive`] makes sub-keys, and [`Keystream`] turns a sub-key into patterns.
//! - [`Payload`]: 96 bits, made of a format version, an [`Origin`] and a [`MarkId`].
//! - [`PayloadCode`]: 96 bits to ±1 symbols and back: a keyed check, a [polar code](polar::PolarCode)
//!   with list decoding, and a keyed permutation and scrambling.
//! - [`Attempts`]: the false-positive budget of one detection, counting everything that was tried.
//! - [`Watermark`] and [`Detection`]: the seam that a medium's scheme implements.
//!
//! # Defaults and their rationale
//!
//! A detection accepts at a bound of 10⁻¹² ([`FALSE_POSITIVE_BOUND`]) on the probability that a
//! medium which is independent of the key is called marked, whatever the medium looks like: see
//! [`bound`]. The crate does no input or output, has no `unsafe` and no platform dependency but the
//! system's random generator; the feature `files` adds [`Key`]'s `load` and `save`.

#![forbid(unsafe_code)]

pub mod bound;
mod code;
mod date;
mod identifier;
mod key;
#[cfg(feature = "files")]
mod key_file;
mod keystream;
pub mod polar;
mod watermark;

pub use bound::{Attempts, FALSE_POSITIVE_BOUND};
pub use code::{CodeError, CodeParameters, Decoded, PayloadCode};
pub use date::{Date, DateError};
pub use identifier::{MarkId, Origin, ParseIdError, Payload, RandomError};
pub use key::{GenerateKeyError, Key, KeyError, KeyId, SubKey};
#[cfg(feature = "files")]
pub use key_file::KeyFileError;
pub use keystream::Keystream;
pub use watermark::{Detection, Mark, Watermark};
