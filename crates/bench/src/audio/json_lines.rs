//! The result as JSON Lines.

use std::io::{self, Write};

use serde::Serialize;

use super::measure::{Embedding, Measurement, Trial};

/// A line, told apart by `type`. `schema` changes when a field changes its meaning.
#[derive(Serialize)]
struct Line<'a> {
    schema: u8,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Content<'a> {
    /// The first line.
    AudioRun {
        scheme: &'a str,
        seeds: &'a [u64],
        attacks: usize,
    },
    /// One per clip and seed.
    Embedding(&'a Embedding),
    /// One per clip, seed, attack, length and subject.
    Trial(&'a Trial),
}

/// Writes a line on the run, one per embedding and one per trial. Not-a-number and infinity become
/// `null`.
///
/// # Errors
/// The writer's.
pub fn write_json_lines(measurement: &Measurement, mut writer: impl Write) -> io::Result<()> {
    let run = Content::AudioRun {
        scheme: &measurement.scheme,
        seeds: &measurement.settings.seeds,
        attacks: measurement.settings.attacks.len(),
    };
    let embeddings = measurement.embeddings.iter().map(Content::Embedding);
    let trials = measurement.trials.iter().map(Content::Trial);
    for content in std::iter::once(run).chain(embeddings).chain(trials) {
        serde_json::to_writer(&mut writer, &Line { schema: 1, content })?;
        writer.write_all(b"\n")?;
    }
    writer.flush()
}
