//! `filigrane demo`: the main job on bundled samples, in a folder of its own.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use filigrane::{
    Home, Key, Limits, Origin, Report, SqliteStore, StampOptions, Stamper, Store, Verdict,
    Verifier, rework, write_file,
};

use super::shared::probability;
use super::verify::role;
use crate::Failure;
use crate::args::Demo;
use crate::exit::Exit;
use crate::output::{Printer, Role, shown};

/// Shows that a folder is the demo's own and may be written again.
const MARKER: &str = ".filigrane-demo";

/// A bundled sample and what its mark shall say.
struct Sample {
    name: &'static str,
    bytes: &'static [u8],
    origin: Origin,
}

const SAMPLES: [Sample; 4] = [
    Sample {
        name: "photo.jpg",
        bytes: include_bytes!("../../../samples/photo.jpg"),
        origin: Origin::Captured,
    },
    Sample {
        name: "generated.png",
        bytes: include_bytes!("../../../samples/generated.png"),
        origin: Origin::Generated,
    },
    Sample {
        name: "speech.wav",
        bytes: include_bytes!("../../../samples/speech.wav"),
        origin: Origin::Generated,
    },
    Sample {
        name: "music.flac",
        bytes: include_bytes!("../../../samples/music.flac"),
        origin: Origin::Edited,
    },
];
const UNMARKED: &[u8] = include_bytes!("../../../samples/unmarked.jpg");

pub(crate) fn run(arguments: &Demo, printer: Printer) -> Result<Exit, Failure> {
    let folder = &arguments.output;
    prepare(folder)?;
    let show = Show::new(folder, printer)?;
    printer
        .note("Stamping four samples: invisible watermark, signed C2PA manifest, registry entry …");
    let mut all_as_promised = true;
    for sample in &SAMPLES {
        all_as_promised &= show.sample(sample)?;
    }
    all_as_promised &= show.tampered()?;
    all_as_promised &= show.file("unmarked.jpg", UNMARKED, "never stamped", Verdict::NoMarks)?;
    if !printer.json() {
        printer.line("");
        printer.line(&format!(
            "The files are in `{}`. Look at them, or ask again:",
            shown(&folder.to_string_lossy())
        ));
        let registry = folder.join("registry.sqlite3");
        printer.line(&format!(
            "  filigrane verify {} --home {} --registry {}",
            folder.join("photo.recoded.jpg").display(),
            folder.join("home").display(),
            registry.display()
        ));
    }
    Ok(if all_as_promised {
        Exit::Affirmative
    } else {
        Exit::Contradiction
    })
}

/// Makes the folder, or empties one that an earlier demo left.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let context = || format!("`{}`", folder.display());
    if folder.exists() && !folder.join(MARKER).exists() {
        let is_empty = folder
            .read_dir()
            .is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty {
            let error = anyhow!("`{}` exists and is not a demo's folder", folder.display());
            return Err(Failure::refused(error, "`--output` names another folder"));
        }
    } else if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(context)?;
    }
    std::fs::create_dir_all(folder).with_context(context)?;
    std::fs::write(
        folder.join(MARKER),
        "made by `filigrane demo`, which may empty this folder\n",
    )
    .with_context(context)?;
    Ok(())
}

/// The demo's own small world: identity and registry lie in its folder.
struct Show<'a> {
    folder: &'a Path,
    printer: Printer,
    store: Arc<dyn Store>,
    home: Home,
    verifier: Verifier,
}

impl<'a> Show<'a> {
    fn new(folder: &'a Path, printer: Printer) -> Result<Self> {
        let home = Home::at(folder.join("home"));
        home.development_identity()?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.join("registry.sqlite3"))?);
        let verifier = Verifier::new()?
            .development(&home)?
            .registry(Arc::clone(&store));
        let show = Self {
            folder,
            printer,
            store,
            home,
            verifier,
        };
        show.row(
            "file",
            "what was done to it",
            "verdict",
            "evidence",
            Role::Strong,
        );
        Ok(show)
    }

    /// Stamps a sample, then strips and recodes what was stamped.
    fn sample(&self, sample: &Sample) -> Result<bool> {
        let (identity, _) = self.home.development_identity()?;
        let stamper = Stamper::builder(Key::public())
            .origin(sample.origin)
            .identity(identity)
            .registry(Arc::clone(&self.store))
            .generator("filigrane-demo", env!("CARGO_PKG_VERSION"))
            .build()?;
        let options = StampOptions {
            title: Some(sample.name.to_owned()),
            ..StampOptions::default()
        };
        let (stamped, _) = stamper.stamp_with(sample.bytes, &options)?;
        let (stem, extension) = sample.name.rsplit_once('.').unwrap_or((sample.name, ""));
        write_file(self.folder.join(sample.name), sample.bytes, true)?;
        let done = self.file(
            &format!("{stem}.stamped.{extension}"),
            &stamped,
            "stamped",
            Verdict::Verified,
        )?;
        let recoded = rework::recode(&stamped, &Limits::default())?;
        let name = format!("{stem}.recoded.{}", recoded.format.extension());
        Ok(done
            & self.file(
                &name,
                &recoded.bytes,
                recoded.description,
                Verdict::Recovered,
            )?)
    }

    /// Changes one bit of a stamped picture.
    fn tampered(&self) -> Result<bool> {
        let stamped = std::fs::read(self.folder.join("photo.stamped.jpg"))?;
        // Some bits leave no picture at all: that would be an error, and no verdict.
        let mut changed = (1000..2000).filter_map(|from_end| {
            let mut bytes = stamped.clone();
            let place = bytes.len().checked_sub(from_end)?;
            *bytes.get_mut(place)? ^= 0x10;
            self.verifier.detect(&bytes, "photo.tampered.jpg").ok()?;
            Some(bytes)
        });
        let bytes = changed.next().unwrap_or(stamped);
        self.file(
            "photo.tampered.jpg",
            &bytes,
            "one bit changed after signing",
            Verdict::Tampered,
        )
    }

    /// Writes a file, verifies it and prints its row; whether the verdict is the expected one.
    fn file(&self, name: &str, bytes: &[u8], done: &str, expected: Verdict) -> Result<bool> {
        let path = self.folder.join(name);
        write_file(&path, bytes, true)?;
        let report = self.verifier.verify_file(&path)?;
        if self.printer.json() {
            self.printer.object(&report);
        } else {
            self.row(
                name,
                done,
                report.verdict.as_str(),
                &evidence(&report),
                role(report.verdict),
            );
        }
        Ok(report.verdict == expected)
    }

    fn row(&self, file: &str, done: &str, verdict: &str, evidence: &str, role: Role) {
        if !self.printer.json() {
            let verdict = self.printer.paint(role, &format!("{verdict:<10}"));
            self.printer
                .line(&format!("{file:<23}  {done:<36}  {verdict}  {evidence}"));
        }
    }
}

/// The most telling evidence of a report.
fn evidence(report: &Report) -> String {
    let mark = report.watermark.mark().map(|mark| {
        format!(
            "watermark {}… p ≤ {}",
            mark.payload.id.to_string().split_at(8).0,
            probability(mark.p_value)
        )
    });
    let failure = report
        .credentials
        .failures
        .first()
        .map(|failure| failure.explanation.clone());
    failure
        .or(mark)
        .unwrap_or_else(|| "nothing found; that does not mean that a person made it".to_owned())
}
