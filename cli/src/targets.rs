//! Where a result goes.

use std::path::{Path, PathBuf};

use crate::args::Outputs;
use crate::inputs::Input;

/// The place for one result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file.
    File(PathBuf),
    /// The input itself; the original is first kept at the second path where one is given.
    InPlace(PathBuf, Option<PathBuf>),
    /// Standard output.
    Stdout,
}

/// Why there is no place: each is a usage error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("`--output` takes one input file, found {0}")]
    OneInput(usize),
    #[error("standard input needs `--output`")]
    StdinNeedsOutput,
    #[error("standard input cannot be replaced in place")]
    StdinInPlace,
    #[error("`--suffix` must not be empty or hold `/`, found `{0}`")]
    Suffix(String),
    #[error("`{0}` has no file name")]
    NoName(PathBuf),
}

/// Checks the combination before any file is read.
pub(crate) fn check(outputs: &Outputs, inputs: &[Input]) -> Result<(), TargetError> {
    if outputs.output.is_some() && inputs.len() != 1 {
        return Err(TargetError::OneInput(inputs.len()));
    }
    if let Some(suffix) = outputs
        .suffix
        .as_deref()
        .filter(|suffix| suffix.is_empty() || suffix.contains(['/', '\\']))
    {
        return Err(TargetError::Suffix(suffix.to_owned()));
    }
    if inputs.iter().any(Input::is_stdin) && outputs.output.is_none() {
        return Err(if outputs.in_place {
            TargetError::StdinInPlace
        } else {
            TargetError::StdinNeedsOutput
        });
    }
    Ok(())
}

/// The place for `input`'s result; `default_suffix` (`.stamped`) serves when no option says where, and
/// `extension` replaces the input's where the format changes.
pub(crate) fn target(
    outputs: &Outputs,
    input: &Input,
    default_suffix: &str,
    extension: Option<&str>,
) -> Result<Target, TargetError> {
    if let Some(output) = &outputs.output {
        return Ok(if output == Path::new("-") {
            Target::Stdout
        } else {
            Target::File(output.clone())
        });
    }
    if outputs.in_place {
        let backup = outputs.backup.then(|| appended(&input.path, ".orig"));
        return Ok(Target::InPlace(input.path.clone(), backup));
    }
    if let Some(folder) = &outputs.out_dir {
        return Ok(Target::File(with_extension(
            &folder.join(&input.relative),
            extension,
        )));
    }
    let suffix = outputs.suffix.as_deref().unwrap_or(default_suffix);
    let stem = input
        .path
        .file_stem()
        .ok_or_else(|| TargetError::NoName(input.path.clone()))?;
    let mut name = stem.to_owned();
    name.push(suffix);
    let own = input.path.extension().map(std::ffi::OsStr::to_owned);
    if let Some(extension) = extension.map(std::ffi::OsString::from).or(own) {
        name.push(".");
        name.push(extension);
    }
    Ok(Target::File(input.path.with_file_name(name)))
}

fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn with_extension(path: &Path, extension: Option<&str>) -> PathBuf {
    extension.map_or_else(
        || path.to_owned(),
        |extension| path.with_extension(extension),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs() -> Outputs {
        Outputs {
            output: None,
            out_dir: None,
            suffix: None,
            in_place: false,
            backup: false,
            force: false,
            format: None,
            quality: None,
        }
    }

    fn input(path: &str) -> Input {
        let relative = Path::new(path).file_name().map(PathBuf::from).unwrap();
        Input {
            path: path.into(),
            relative,
            from_folder: false,
        }
    }

    fn file(path: &str) -> Target {
        Target::File(path.into())
    }

    #[test]
    fn names() {
        let photo = input("a/photo.tar.jpg");
        let at =
            |outputs: &Outputs, extension| target(outputs, &photo, ".stamped", extension).unwrap();
        assert_eq!(at(&outputs(), None), file("a/photo.tar.stamped.jpg"));
        assert_eq!(at(&outputs(), Some("png")), file("a/photo.tar.stamped.png"));
        assert_eq!(
            at(
                &Outputs {
                    suffix: Some("-x".into()),
                    ..outputs()
                },
                None
            ),
            file("a/photo.tar-x.jpg")
        );
        assert_eq!(
            at(
                &Outputs {
                    out_dir: Some("o".into()),
                    ..outputs()
                },
                None
            ),
            file("o/photo.tar.jpg")
        );
        assert_eq!(
            at(
                &Outputs {
                    out_dir: Some("o".into()),
                    ..outputs()
                },
                Some("png")
            ),
            file("o/photo.tar.png")
        );
        assert_eq!(
            at(
                &Outputs {
                    output: Some("-".into()),
                    ..outputs()
                },
                None
            ),
            Target::Stdout
        );
        let in_place = Outputs {
            in_place: true,
            backup: true,
            ..outputs()
        };
        let backup = Some("a/photo.tar.jpg.orig".into());
        assert_eq!(
            at(&in_place, None),
            Target::InPlace("a/photo.tar.jpg".into(), backup)
        );
        assert_eq!(
            target(&outputs(), &input("noext"), ".stamped", None),
            Ok(file("noext.stamped"))
        );
    }

    #[test]
    fn combinations_are_checked() {
        let two = [input("a.png"), input("b.png")];
        let one_file = Outputs {
            output: Some("c.png".into()),
            ..outputs()
        };
        assert_eq!(check(&one_file, &two), Err(TargetError::OneInput(2)));
        assert_eq!(
            check(&outputs(), &[input("-")]),
            Err(TargetError::StdinNeedsOutput)
        );
        assert_eq!(
            check(
                &Outputs {
                    in_place: true,
                    ..outputs()
                },
                &[input("-")]
            ),
            Err(TargetError::StdinInPlace)
        );
        let slash = Outputs {
            suffix: Some("a/b".into()),
            ..outputs()
        };
        assert_eq!(check(&slash, &two), Err(TargetError::Suffix("a/b".into())));
        assert_eq!(check(&outputs(), &two), Ok(()));
    }
}
