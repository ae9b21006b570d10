//! filigrane's image watermark: pixels in, pixels out.
//!
//! 96 bits are hidden in the luma of a picture and read back from what is left of it after coding,
//! scaling, cropping, rotation, mirroring, changes of tone and mild perspective, without the original.
//!
//! # How it works
//!
//! **Pattern** (`pattern`). A key gives a tile of 128 × 128 that repeats over the picture: 64 carriers
//! (two-dimensional sinusoids) with known phases for synchronisation and 512 whose phases carry the
//! 1024 symbols of the payload's code. Pictures over one megapixel get a proportionally larger tile, so
//! that the mark looks the same on any of them once it is scaled to one megapixel.
//!
//! **Strength** (`perception`, `embed`). A mask says how much noise each place hides: more in texture,
//! less beside edges, near black and near white. The pattern times the mask is added along the
//! direction in colour space that changes the luma most for the least change of RGB. The strength is
//! limited by what the eye lets pass, and never takes the picture below a PSNR of 42 dB.
//!
//! **Residual** (`residual`). The detector takes second differences in four directions. Each is divided
//! by its own local deviation and weighted by the mask, recomputed from what was received: a matched
//! filter in noise whose colour and level vary from place to place.
//!
//! **Geometry** (`spectrum`, `search`, `fold`, `refine`). Under a hypothesis of scale, rotation and
//! mirroring, all tiles are added into one; its Fourier transform holds all carriers at once, and a
//! correlation with the synchronisation carriers gives the shift. Hypotheses come from the magnitude
//! spectrum of the residual, in which shifts do not matter. Small deformations (perspective, rounding)
//! are removed by matching blocks of the picture jointly against the synchronisation carriers.
//!
//! **Acceptance** (`accept`). The soft values of the message carriers go to the list decoder, which
//! accepts within the false-positive bound of [`filigrane_payload::bound`]: every attempt is counted.
//!
//! **Binding** (`binding`). Six hundredths of the power depend on the picture's own coarse luma, cell by
//! cell and by keyed rules. A mark that was estimated from one picture and added to another lacks this
//! part, and is reported as copied, not as found.
//!
//! # Sources
//!
//! Additive spread spectrum with perceptual masks: Cox, Miller et al., *Digital Watermarking and
//! Steganography*, 2nd ed., chapters 7 and 8. Templates in the magnitude spectrum: Pereira and Pun,
//! "Robust template matching for affine resistant image watermarks", 2000. Periodic marks and folding:
//! Kutter, "Watermarking resisting to translation, rotation and scaling", 1998. Noise visibility:
//! Voloshynovskiy et al., "A stochastic approach to content adaptive digital image watermarking", 1999.

mod accept;
mod binding;
mod coding;
mod detect;
mod embed;
mod error;
mod filters;
mod fold;
mod fourier;
mod geometry;
mod pattern;
mod perception;
mod pixels;
mod plane;
mod pyramid;
mod refine;
mod residual;
mod search;
mod spectrum;
mod trial;
mod watermark;

pub use error::ImageError;
pub use geometry::Geometry;
pub use pixels::{Channels, PixelsMut, PixelsRef, Samples, SamplesMut};
pub use watermark::{ImagePlan, ImageWatermark, Quality, Search, UnknownSearch};
