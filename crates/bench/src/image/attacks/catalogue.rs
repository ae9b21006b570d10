//! The attacks described for readers, from the code that makes them.

use std::fmt::Write as _;

use super::{Attack, Group, List};
use crate::image::forgery;

const INTRODUCTION: &str = "\
<!-- Written by `filigrane-bench attacks`; a test keeps it in step with the code. -->
# Attacks of the image benchmark

Every attack is a function of the picture and of a random generator that is seeded with the run's seed, the
picture's name and the attack's name: the same run does the same thing again, and two pictures get different crops,
angles and noise. Pictures are 8-bit RGB before and after. *Random* parameters are uniform in the range that is
given, factors of size log-uniform; positions of crops are always random. Codecs run in memory, but for AVIF and
JPEG 2000, which need `ffmpeg` with libaom and OpenJPEG; where it is missing, these are skipped and counted nowhere.

`--attacks` takes `quick`, `standard` (which contains quick), `all`, names of groups and of attacks, and beginnings of
names followed by `*`, separated by commas. The column *list* names the shortest list that an attack is on; *extra*
ones run only when they are named, or with `all`.
";

const FORGERY: &str = "\
## Without the key

`--copy` and `--erase` estimate the periodic mark as somebody can who knows the design and not the key: luma less its
9 × 9 mean, divided by the local deviation, clipped at 2, summed over all tiles of 128 × 128 (larger in pictures above one
megapixel, as the mark itself is), only the mark's band kept. The estimate is shaped by local activity and added along the
direction of colour that changes luma most for the least change of RGB.

- *copy*: added to the next picture of the corpus, which carries no mark. Accepting it is wrong; saying that it is a
  copy, or finding nothing, is right.
- *erase*: subtracted from the marked picture itself. The payload must still be found.
- sources: the one picture; with `--average N` also N pictures under the key with a payload each (`average`), N with
  one payload for all (`average-same`), and the plain mean of luma without high-pass (`pixel-mean`). Pictures beyond the
  corpus are its own, mirrored and turned before they are marked.
";

/// The attacks as a Markdown document.
#[must_use]
pub fn catalogue() -> String {
    let mut text = INTRODUCTION.to_owned();
    // Writing to a string cannot fail.
    let _ = write_groups(&mut text);
    text.push_str(FORGERY);
    let names: Vec<String> = forgery::attack_names();
    let _ = writeln!(
        text,
        "\nNames, with the PSNR in dB that is left: {}.",
        names.join(", ")
    );
    text
}

fn write_groups(text: &mut String) -> std::fmt::Result {
    for group in Group::ALL {
        let name = group.name();
        writeln!(text, "\n## {name}\n\n{}\n", group.description())?;
        writeln!(text, "| attack | list | what it does |\n|---|---|---|")?;
        for Attack {
            name,
            list,
            description,
            ..
        } in group.attacks()
        {
            let list = match list {
                List::Quick => "quick",
                List::Standard => "standard",
                List::Extra => "extra",
            };
            writeln!(text, "| `{name}` | {list} | {description} |")?;
        }
    }
    writeln!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_in_step() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/attacks.md");
        let written = std::fs::read_to_string(path).unwrap();
        let hint = "write it again: filigrane-bench attacks > docs/attacks.md";
        assert!(written.trim_end() == catalogue().trim_end(), "{hint}");
    }
}
