//! Files that are attacked already, by whatever tool, and what should be found in them.

use std::path::{Path, PathBuf};

use filigrane_payload::MarkId;
use serde::Deserialize;

use crate::error::BenchError;

/// One file to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub file: PathBuf,
    /// The identifier that it should carry; `None` when it carries no mark.
    pub id: Option<MarkId>,
    /// What was done to it; `given` when the list does not say.
    pub attack: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    file: PathBuf,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    attack: Option<String>,
}

/// Reads a list: JSON Lines of objects with `file`, `id` (22 hexadecimal digits, or null for none)
/// and optionally `attack`, or lines of the same three separated by commas. A first line that starts
/// with `file,` is a header. Relative paths start at the list's folder.
///
/// # Errors
/// [`BenchError::File`] when it cannot be read, [`BenchError::List`] for the first line that is not
/// understood, [`BenchError::EmptyCorpus`] for an empty list.
pub fn read_list(path: &Path) -> Result<Vec<Listed>, BenchError> {
    let text = std::fs::read_to_string(path).map_err(|source| BenchError::file(path, source))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || (index == 0 && line.starts_with("file,")) {
            continue;
        }
        let entry = parse(line, folder).map_err(|reason| BenchError::List {
            path: path.to_owned(),
            line: index + 1,
            reason,
        })?;
        files.push(entry);
    }
    if files.is_empty() {
        return Err(BenchError::EmptyCorpus {
            folder: path.to_owned(),
        });
    }
    Ok(files)
}

fn parse(line: &str, folder: &Path) -> Result<Listed, String> {
    let line = match line.starts_with('{') {
        true => serde_json::from_str(line).map_err(|error| error.to_string())?,
        false => separated(line)?,
    };
    let id = line.id.filter(|id| !id.is_empty() && id != "none");
    let id = id
        .map(|id| id.parse::<MarkId>().map_err(|error| error.to_string()))
        .transpose()?;
    Ok(Listed {
        file: folder.join(line.file),
        id,
        attack: line.attack.unwrap_or_else(|| "given".to_owned()),
    })
}

fn separated(line: &str) -> Result<Line, String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let (file, id, attack) = match fields[..] {
        [file, id] => (file, id, None),
        [file, id, attack] => (file, id, Some(attack)),
        _ => {
            let found = fields.len();
            return Err(format!(
                "expected `file,id` or `file,id,attack`, found {found} fields"
            ));
        }
    };
    Ok(Line {
        file: PathBuf::from(file),
        id: Some(id.to_owned()),
        attack: attack
            .filter(|attack| !attack.is_empty())
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let id = "00c0ffee00c0ffee00c0ff";
        let json = format!(
            "{{\"file\":\"a.jpg\",\"id\":\"{id}\",\"attack\":\"tool\"}}\n{{\"file\":\"b.png\",\"id\":null}}\n"
        );
        let separated = format!("file,id,attack\na.jpg, {id}, tool\n\nb.png,none\n");
        let read = |text: &str| {
            let path = folder.path().join("list");
            std::fs::write(&path, text).unwrap();
            read_list(&path)
        };
        let list = read(&json).unwrap();
        assert_eq!(list, read(&separated).unwrap());
        assert_eq!(list[0].file, folder.path().join("a.jpg"));
        assert_eq!(list[0].id.unwrap().to_string(), id);
        assert_eq!((list[1].id, list[1].attack.as_str()), (None, "given"));
        for bad in ["a.jpg", "a.jpg,xyz", "{\"file\":1}", "a,b,c,d"] {
            let found = read(bad);
            assert!(
                matches!(found, Err(BenchError::List { line: 1, .. })),
                "{bad}"
            );
        }
        assert!(matches!(read("\n"), Err(BenchError::EmptyCorpus { .. })));
    }
}
