//! `filigrane stamp` and `filigrane embed`.

use std::path::Path;

use anyhow::{Context, anyhow};
use filigrane::{
    Error, Format, Key, Limits, MarkId, Marked, Origin, Quality, StampOptions, Stamped, Stamper,
    StamperBuilder, System, sidecar_path, write_file, write_stamped,
};

use super::shared::{self, Summary, failed, probability};
use super::signer::with_signer;
use crate::Failure;
use crate::args::{Embed, Global, Inputs, MarkArgs, OriginArg, Outputs, Stamp};
use crate::batch::{self, Interrupt};
use crate::exit::Exit;
use crate::inputs::{self, Input};
use crate::output::{Printer, Role, shown};
use crate::targets::{self, Target};

pub(crate) fn embed(arguments: &Embed, printer: Printer) -> Result<Exit, Failure> {
    let builder = builder(&arguments.mark, &arguments.outputs, &arguments.inputs)?;
    let job = Job::new(
        &arguments.inputs,
        &arguments.outputs,
        &arguments.mark,
        None,
        ".marked",
    )?;
    job.run(&builder.build()?, printer)
}

pub(crate) fn stamp(arguments: &Stamp, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let title = arguments.title.as_deref();
    let mut job = Job::new(
        &arguments.inputs,
        &arguments.outputs,
        &arguments.mark,
        title,
        ".stamped",
    )?;
    if let Some(path) = &arguments.prompt_file {
        let prompt = std::fs::read_to_string(path);
        let prompt = prompt.with_context(|| format!("the prompt `{}`", path.display()))?;
        // Editors end files with a line break, which belongs to no prompt.
        job.options.prompt = Some(prompt.trim_end_matches(['\r', '\n']).to_owned());
    }
    let mut builder = builder(&arguments.mark, &arguments.outputs, &arguments.inputs)?;
    if let Some(generator) = &arguments.generator {
        let (name, version) = generator.split_once('/').unwrap_or((generator, "0"));
        builder = builder.generator(name, version);
    }
    if let Some(model) = &arguments.model {
        let (name, version) = model
            .split_once('/')
            .map_or((model.as_str(), None), |(name, version)| {
                (name, Some(version))
            });
        builder = builder.model(System {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            sha256: arguments.model_sha256.clone(),
        });
    }
    if let Some(provider) = &arguments.provider {
        builder = builder.provider(provider);
    }
    let choices = arguments.training_mining.iter();
    if let Some(choices) = choices.copied().reduce(|earlier, later| later.or(earlier)) {
        builder = builder.training_mining(choices);
    }
    builder = builder
        .aigc(arguments.aigc)
        .thumbnail(arguments.thumbnail)
        .sidecar(arguments.sidecar)
        .credentials_only(arguments.credentials_only);
    if arguments.keep_mark {
        builder = builder.marked(Marked::Keep);
    }
    if let Some(store) = shared::registry(&arguments.registry, true)? {
        builder = builder.registry(store);
    }
    let builder = with_signer(builder, &arguments.signer, global, printer)?;
    job.run(&builder.build()?, printer)
}

fn builder(mark: &MarkArgs, outputs: &Outputs, inputs: &Inputs) -> Result<StamperBuilder, Failure> {
    let key = mark
        .key
        .as_ref()
        .map_or_else(|| Ok(Key::public()), Key::load)?;
    let origin = match mark.origin {
        OriginArg::Generated => Origin::Generated,
        OriginArg::Edited => Origin::Edited,
        OriginArg::Captured => Origin::Captured,
        OriginArg::Other => Origin::Other,
    };
    let mut builder = Stamper::builder(key)
        .origin(origin)
        .limits(shared::limits(&inputs.limits))
        .marked(if mark.remark {
            Marked::Again
        } else {
            Marked::Refuse
        })
        .audio_strength(mark.audio_strength)
        .overwrite(outputs.force || outputs.in_place);
    if let Some(quality) = outputs.quality {
        builder = builder.quality(quality);
    }
    Ok(builder)
}

/// What to stamp, and where to.
struct Job<'a> {
    files: Vec<Input>,
    jobs: Option<u16>,
    outputs: &'a Outputs,
    suffix: &'static str,
    options: StampOptions,
    title_from_name: bool,
    limits: Limits,
}

impl<'a> Job<'a> {
    fn new(
        inputs: &Inputs,
        outputs: &'a Outputs,
        mark: &MarkArgs,
        title: Option<&str>,
        suffix: &'static str,
    ) -> Result<Self, Failure> {
        let files = inputs::collect(&inputs.inputs, inputs.recursive, outputs.out_dir.as_deref());
        targets::check(outputs, &files).map_err(anyhow::Error::from)?;
        let id = mark
            .id
            .as_deref()
            .map(str::parse::<MarkId>)
            .transpose()
            .map_err(anyhow::Error::from)?;
        if id.is_some() && files.len() != 1 {
            return Err(anyhow!("`--id` takes one input file, found {}", files.len()).into());
        }
        let format = outputs.format.as_deref().map(format).transpose()?;
        Ok(Self {
            files,
            jobs: inputs.jobs,
            outputs,
            suffix,
            options: StampOptions {
                id,
                title: title.map(str::to_owned),
                format,
                prompt: None,
            },
            title_from_name: title.is_none(),
            limits: shared::limits(&inputs.limits),
        })
    }

    fn run(&self, stamper: &Stamper, printer: Printer) -> Result<Exit, Failure> {
        let interrupt = Interrupt::install()?;
        let mut summary = Summary::new(&["marked"]);
        let work = |input: &Input| self.one(stamper, input);
        batch::run(
            &self.files,
            self.jobs,
            printer,
            &interrupt,
            work,
            |input, result| match result {
                Ok((stamped, target)) => {
                    self.print(input, &stamped, &target, printer);
                    summary.result("marked", Exit::Affirmative);
                }
                Err(error) => failed(input, &(&error).into(), &mut summary, printer),
            },
        )?;
        // Data on standard output is the file itself then.
        let is_data = self.outputs.output.as_deref() == Some(Path::new("-"));
        let printer = if is_data {
            printer.without_json()
        } else {
            printer
        };
        Ok(summary.finish(interrupt.is_set(), printer))
    }

    fn one(&self, stamper: &Stamper, input: &Input) -> Result<(Stamped, Target), Error> {
        let mut options = self.options.clone();
        if self.title_from_name {
            options.title = input
                .relative
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
        }
        let extension = self.options.format.map(Format::extension);
        let target =
            targets::target(self.outputs, input, self.suffix, extension).map_err(|error| {
                Error::Io(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
            })?;
        match &target {
            Target::File(path) if !input.is_stdin() => {
                if self.outputs.out_dir.is_some()
                    && let Some(folder) = path.parent()
                {
                    std::fs::create_dir_all(folder)?;
                }
                Ok((
                    stamper.stamp_file_with(&input.path, path, &options)?,
                    target,
                ))
            }
            Target::File(path) => {
                let (bytes, stamped) = stamper.stamp_with(&self.read(input)?, &options)?;
                write_stamped(path, &bytes, &stamped, self.outputs.force)?;
                Ok((stamped, target))
            }
            Target::InPlace(path, backup) => {
                let original = self.read(input)?;
                let (bytes, stamped) = stamper.stamp_with(&original, &options)?;
                if let Some(backup) = backup {
                    write_file(backup, &original, self.outputs.force)?;
                }
                write_stamped(path, &bytes, &stamped, true)?;
                Ok((stamped, target))
            }
            Target::Stdout => {
                let (bytes, stamped) = stamper.stamp_with(&self.read(input)?, &options)?;
                if stamped.sidecar.is_some() {
                    return Err(Error::NoSidecarPlace);
                }
                crate::output::write_data(&bytes)?;
                Ok((stamped, target))
            }
        }
    }

    fn read(&self, input: &Input) -> Result<Vec<u8>, Error> {
        shared_read(input, &self.limits)
    }

    fn print(&self, input: &Input, stamped: &Stamped, target: &Target, printer: Printer) {
        if let Some(failure) = &stamped.time_stamp_failure {
            let file = input.path.to_string_lossy();
            printer.warning(&shown(&format!("`{file}`: not time-stamped: {failure}")));
        }
        let path = match target {
            Target::File(path) | Target::InPlace(path, _) => path.to_string_lossy(),
            Target::Stdout => return,
        };
        if printer.json() {
            let mut object = serde_json::to_value(stamped).unwrap_or_default();
            object["file"] = input.path.to_string_lossy().into();
            if stamped.sidecar.is_some() {
                let beside = sidecar_path(Path::new(&*path));
                object["sidecar"] = beside.to_string_lossy().into();
            }
            object["target"] = path.into();
            printer.object(&object);
            return;
        }
        let quality = match stamped.quality {
            Some(Quality::Image { psnr_db }) => format!("PSNR {psnr_db:.1} dB"),
            Some(Quality::Audio { snr_db }) => format!("SNR {snr_db:.1} dB"),
            Some(_) => String::new(),
            None => "its own mark kept".to_owned(),
        };
        let done = match (stamped.kind, stamped.p_value) {
            ("stamp", Some(_)) => "stamped",
            ("stamp", None) => "signed ",
            _ => "marked",
        };
        let facts = match stamped.p_value {
            Some(p_value) => format!(
                "id {} · {quality} · reads back at p ≤ {}",
                stamped.id,
                probability(p_value)
            ),
            None => format!("id {} · signed only: it has no watermark", stamped.id),
        };
        printer.line(&format!(
            "{}  {}",
            printer.paint(Role::Good, done),
            shown(&path)
        ));
        printer.line(&format!("         {}", printer.paint(Role::Faint, &facts)));
        if stamped.sidecar.is_some() {
            let beside = sidecar_path(Path::new(&*path));
            let line = format!("its manifest lies in {}", shown(&beside.to_string_lossy()));
            printer.line(&format!("         {}", printer.paint(Role::Faint, &line)));
        }
    }
}

/// The bytes of a file or of standard input, within the limit.
pub(super) fn shared_read(input: &Input, limits: &Limits) -> Result<Vec<u8>, Error> {
    if input.is_stdin() {
        let bytes = inputs::read_stdin(limits.max_bytes)?;
        return bytes.ok_or_else(|| {
            filigrane::MediaError::Limit {
                what: "bytes",
                limit: limits.max_bytes,
                found: limits.max_bytes + 1,
            }
            .into()
        });
    }
    filigrane::read_file(&input.path, limits)
}

fn format(name: &str) -> Result<Format, Failure> {
    let format = Format::from_extension(name).filter(|format| format.can_write());
    Ok(format.with_context(|| {
        format!("expected a format that can be written (png, jpeg, webp, tiff, bmp, wav, flac, opus), found `{name}`")
    })?)
}
