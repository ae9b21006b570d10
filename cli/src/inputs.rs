//! From arguments to a list of files.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// One file to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// The file; `-` for standard input.
    pub(crate) path: PathBuf,
    /// Its path below the folder that was given: kept below `--out-dir`.
    pub(crate) relative: PathBuf,
    /// Found in a folder rather than named: what is no medium is passed over there.
    pub(crate) from_folder: bool,
}

impl Input {
    /// Whether this is standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// The files that `arguments` name, in their order; folders in the order of names. Folders without
/// `recursive` and paths that do not exist stay in the list, so that each costs one line and no more.
/// Nothing below `exclude` (the output folder) is taken from a folder.
pub(crate) fn collect(
    arguments: &[PathBuf],
    recursive: bool,
    exclude: Option<&Path>,
) -> Vec<Input> {
    let exclude = exclude.and_then(|folder| folder.canonicalize().ok());
    let mut seen = HashSet::new();
    let mut inputs = Vec::new();
    for argument in arguments {
        if recursive && argument.is_dir() {
            inputs.extend(walk(argument, exclude.as_deref()));
        } else {
            let relative = argument
                .file_name()
                .map_or_else(|| argument.clone(), PathBuf::from);
            inputs.push(Input {
                path: argument.clone(),
                relative,
                from_folder: false,
            });
        }
    }
    inputs.retain(|input| seen.insert(input.path.clone()));
    inputs
}

fn walk(folder: &Path, exclude: Option<&Path>) -> Vec<Input> {
    let exclude = exclude.map(Path::to_owned);
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(move |entry| {
            let is_excluded = |folder: &PathBuf| {
                entry
                    .path()
                    .canonicalize()
                    .is_ok_and(|path| path == *folder)
            };
            entry.depth() == 0 || !exclude.as_ref().is_some_and(is_excluded)
        })
        .build();
    walk.filter_map(|entry| match entry {
        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
            let relative = entry
                .path()
                .strip_prefix(folder)
                .unwrap_or(entry.path())
                .to_owned();
            Some(Input {
                path: entry.into_path(),
                relative,
                from_folder: true,
            })
        }
        _ => None,
    })
    .collect()
}

/// Reads standard input up to `max_bytes`; nothing where it is longer.
pub(crate) fn read_stdin(max_bytes: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_without_the_output_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.png", "a/z.png", "a/.hidden.png", "out/a.png"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let named = folder.path().join("b.png");
        let arguments = [named, folder.path().to_owned(), PathBuf::from("absent.png")];
        let inputs = collect(&arguments, true, Some(&folder.path().join("out")));
        let relative: Vec<&str> = inputs
            .iter()
            .map(|input| input.relative.to_str().unwrap())
            .collect();
        assert_eq!(
            relative,
            ["b.png", "a/.hidden.png", "a/z.png", "absent.png"]
        );
        assert!(!inputs[0].from_folder && inputs[1].from_folder);
        assert_eq!(collect(&[folder.path().to_owned()], false, None).len(), 1);
    }
}
