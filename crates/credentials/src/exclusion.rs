//! What a data hash leaves out.
//!
//! A manifest cannot be part of what it hashes, so that its place in the file is left out. The library takes whatever
//! else a claim leaves out too; bytes there can be changed at will under a valid signature. The specification allows the
//! manifest's place alone (C2PA 2.2, section 15.12.1).

use c2pa::Reader;
use serde_json::Value;

/// Bytes around a manifest in its container: the heads of segments, chunks or an ID3 frame.
const FRAME: u64 = 256;
/// GIF puts a byte before every 255, JPEG twenty before every 64 KiB.
const FRAME_SHARE: u64 = 255;

/// Whether the active manifest leaves more of its file of a MIME type out than `store`, the bytes of all manifests in it,
/// and what is around them.
pub(crate) fn leaves_out_content(reader: &Reader, store: &[u8], mime: &str) -> bool {
    let written = match mime {
        // As base64 in the text.
        "image/svg+xml" => store.len().div_ceil(3) as u64 * 4,
        _ => store.len() as u64,
    };
    let allowed = written + written / FRAME_SHARE + FRAME;
    left_out(reader).is_some_and(|left_out| left_out > allowed)
}

/// Bytes that the data hash of the active manifest leaves out; nothing where it has none.
fn left_out(reader: &Reader) -> Option<u64> {
    let report: Value = serde_json::from_str(&reader.crjson_checked().ok()?).ok()?;
    let manifests = report.get("manifests")?.as_array()?;
    let is_active =
        |manifest: &&Value| manifest.get("label").and_then(Value::as_str) == reader.active_label();
    let assertions = manifests.iter().find(is_active)?.get("assertions")?;
    let ranges = assertions.get("c2pa.hash.data")?.get("exclusions")?;
    let lengths = ranges.as_array()?.iter().map(|range| {
        range
            .get("length")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX)
    });
    Some(lengths.fold(0, u64::saturating_add))
}
