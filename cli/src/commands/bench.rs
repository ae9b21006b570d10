//! `filigrane bench`: the measurement library as a command.

use anyhow::{Result, bail};
use clap::Parser;
use filigrane_bench::audio::{self, AudioArguments};
use filigrane_bench::image;

use crate::Failure;
use crate::args::{Bench, BenchMedia};
use crate::exit::Exit;
use crate::output::Printer;

pub(crate) fn run(arguments: &Bench, printer: Printer) -> Result<Exit, Failure> {
    match arguments.media {
        BenchMedia::Image => pictures(arguments, printer)?,
        BenchMedia::Audio => sounds(arguments, printer)?,
    }
    Ok(Exit::Affirmative)
}

fn pictures(arguments: &Bench, printer: Printer) -> Result<()> {
    if arguments.lengths.is_some() {
        bail!("`--lengths` needs `--media audio`");
    }
    let measurement = image::run(&arguments.image, &|line| printer.note(line))?;
    let report = image::write_files(&arguments.image.outputs, &measurement)?;
    if printer.json() {
        let mut lines = Vec::new();
        image::write_json_lines(&measurement, &mut lines)?;
        printer.raw(&lines);
    } else {
        printer.line(report.trim_end());
    }
    Ok(())
}

fn sounds(arguments: &Bench, printer: Printer) -> Result<()> {
    if printer.json() {
        bail!("`--json` needs `--media image`; `--jsonl FILE` writes the results on sounds");
    }
    let parsed = Sounds::try_parse_from(sound_arguments(arguments)?)?;
    let report = audio::run(&parsed.arguments, &|line| printer.note(line))?;
    printer.line(report.trim_end());
    Ok(())
}

/// The library's own definition, which has the defaults.
#[derive(Parser)]
struct Sounds {
    #[command(flatten)]
    arguments: AudioArguments,
}

/// What both media understand, as the library spells it for sounds.
fn sound_arguments(arguments: &Bench) -> Result<Vec<std::ffi::OsString>> {
    let image = &arguments.image;
    for (name, given) in [
        ("--copy", image.copy),
        ("--erase", image.erase),
        ("--average", image.average > 0),
        ("--every", image.every != 1),
        ("--limit", image.limit.is_some()),
        ("--html", image.outputs.html.is_some()),
    ] {
        if given {
            bail!("`{name}` needs `--media image`");
        }
    }
    let mut words: Vec<std::ffi::OsString> = vec!["bench".into()];
    let mut option = |name: &str, value: &std::ffi::OsStr| {
        let mut word = std::ffi::OsString::from(format!("--{name}="));
        word.push(value);
        words.push(word);
    };
    let seeds: Vec<String> = image.seed.iter().map(u64::to_string).collect();
    option("corpus", image.corpus.as_os_str());
    option("attacks", image.attacks.as_ref());
    option("seed", seeds.join(",").as_ref());
    option("key", image.key.as_ref());
    if !image.pictures.is_empty() {
        option("clips", image.pictures.join(",").as_ref());
    }
    if let Some(lengths) = &arguments.lengths {
        option("lengths", lengths.as_ref());
    }
    if let Some(threads) = image.threads {
        option("threads", threads.to_string().as_ref());
    }
    for (name, path) in [
        ("jsonl", &image.outputs.jsonl),
        ("markdown", &image.outputs.markdown),
        ("dump", &image.dump),
    ] {
        if let Some(path) = path {
            option(name, path.as_os_str());
        }
    }
    words.extend(image.unmarked.then(|| "--unmarked".into()));
    words.extend(image.wrong_key.then(|| "--wrong-key".into()));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        bench: Bench,
    }

    fn line(words: &[&str]) -> Bench {
        Line::parse_from([&["filigrane", "--corpus", "clips"], words].concat()).bench
    }

    #[test]
    fn options_for_sounds_reach_the_library() {
        let words = [
            "--media=audio",
            "--lengths=3,full",
            "--seed=4,5",
            "--pictures=a,b",
            "--unmarked",
            "--jsonl=out.jsonl",
            "--threads=2",
        ];
        let words = sound_arguments(&line(&words)).unwrap();
        let sounds = Sounds::try_parse_from(words).unwrap().arguments;
        assert_eq!(sounds.lengths.len(), 2);
        assert_eq!(sounds.seed, [4, 5]);
        assert_eq!(sounds.clips, ["a", "b"]);
        assert_eq!(sounds.corpus, std::path::Path::new("clips"));
        assert_eq!(sounds.jsonl.unwrap(), std::path::Path::new("out.jsonl"));
        assert!(sounds.unmarked && !sounds.wrong_key);
        assert_eq!(sounds.threads, Some(2));
    }

    #[test]
    fn options_for_pictures_alone_are_refused_for_sounds() {
        let error = sound_arguments(&line(&["--media=audio", "--copy"])).unwrap_err();
        assert_eq!(error.to_string(), "`--copy` needs `--media image`");
    }
}
