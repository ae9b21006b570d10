//! The measurement of image watermarks.
//!
//! [`measure`] takes a [`Corpus`] of pictures, a [`Scheme`] and [`Settings`]; the [`Measurement`]
//! that comes back holds one [`Trial`] per picture, seed and attack, and is written as JSON Lines
//! ([`write_json_lines`]), as Markdown ([`markdown`]) and as one page of HTML ([`html()`]).

pub mod attacks;
mod command;
mod corpus;
mod example;
mod filigrane;
mod forgery;
mod html;
mod json_lines;
mod list;
pub mod quality;
mod report;
pub mod rgb;
mod run;
mod scheme;

pub use command::{
    ImageArguments, JudgeArguments, Outputs, attack_files, judge, run, run_with, write_files,
};
pub use corpus::{Corpus, load, save};
pub use example::Example;
pub use filigrane::Filigrane;
pub use forgery::Forgeries;
pub use html::html;
pub use json_lines::write_json_lines;
pub use list::{Listed, read_list};
pub use report::markdown;
pub use rgb::Rgb;
pub use run::{Embedding, Measurement, Outcome, Settings, Subject, Trial, look_at, measure};
pub use scheme::{Look, Scheme};
