//! The implicit label of China's GB 45438-2025: an `AIGC` field among a file's metadata.
//!
//! Its value is a JSON object (GB 45438-2025, annex F; practice guide TC260-PG-20258A). Formats with XMP hold it as the
//! property `AIGC` of the namespace [`NAMESPACE`], sounds without XMP as a tag `AIGC`. It is not signed, and anybody can
//! write it or take it away.

use filigrane_media::{Format, Metadata, Tag};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The XMP namespace of TC260, the committee behind the standard.
const NAMESPACE: &str = "http://www.tc260.org.cn/ns/AIGC/1.0/";
/// The field's name.
const FIELD: &str = "AIGC";
/// Longest label that is read, in bytes: files come from anybody.
const LONGEST: usize = 8_192;

/// The content of an `AIGC` field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct AigcLabel {
    /// `1` for generated, `2` for possibly, `3` for suspected.
    pub label: String,
    /// Name or code of who provides the generating service.
    pub content_producer: String,
    /// The producer's number for the content.
    #[serde(rename = "ProduceID")]
    pub produce_id: String,
    /// Room for the producer's own protection of the label.
    pub reserved_code1: String,
    /// Name or code of who spreads it.
    pub content_propagator: String,
    /// The spreader's number for the content.
    #[serde(rename = "PropagateID")]
    pub propagate_id: String,
    /// Room for the spreader's own protection of the label.
    pub reserved_code2: String,
}

impl AigcLabel {
    /// The label of generated content.
    pub(crate) fn generated(producer: &str, id: &str) -> Self {
        Self {
            label: "1".to_owned(),
            content_producer: producer.to_owned(),
            produce_id: id.to_owned(),
            ..Self::default()
        }
    }

    /// The label among a file's metadata.
    pub(crate) fn read(metadata: &Metadata) -> Option<Self> {
        let tag = metadata.tags.iter().find(|tag| tag.key == FIELD);
        let text = tag.map(|tag| tag.value.clone());
        let text = text.or_else(|| property(metadata.xmp.as_deref()?))?;
        (text.len() <= LONGEST).then_some(())?;
        serde_json::from_str(&text).ok()
    }

    /// Adds the label to the metadata of a file of a format; a label that is there already stays.
    ///
    /// # Errors
    /// [`Error::Label`] where the format has no place for it, or its XMP cannot be added to.
    pub(crate) fn write(&self, metadata: &mut Metadata, format: Format) -> Result<(), Error> {
        if Self::read(metadata).is_some() {
            return Ok(());
        }
        let text = serde_json::to_string(self).map_err(|error| Error::Label {
            reason: error.to_string(),
        })?;
        match format {
            Format::Flac | Format::OggOpus => metadata.tags.push(Tag {
                key: FIELD.to_owned(),
                value: text,
            }),
            Format::Png | Format::Jpeg | Format::WebP | Format::Tiff | Format::Wav => {
                metadata.xmp = Some(with_property(metadata.xmp.as_deref(), &text)?);
            }
            _ => {
                return Err(Error::Label {
                    reason: format!("{} files have no place for it", format.name()),
                });
            }
        }
        Ok(())
    }
}

/// The XMP packet with the property.
fn with_property(xmp: Option<&[u8]>, text: &str) -> Result<Vec<u8>, Error> {
    const END: &[u8] = b"</rdf:RDF>";
    let text = quick_xml::escape::escape(text);
    let description = format!(
        "<rdf:Description rdf:about=\"\" xmlns:TC260=\"{NAMESPACE}\"><TC260:AIGC>{text}</TC260:AIGC></rdf:Description>"
    );
    let Some(xmp) = xmp else {
        let packet = format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{description}</rdf:RDF>\
             </x:xmpmeta><?xpacket end=\"w\"?>"
        );
        return Ok(packet.into_bytes());
    };
    let end = xmp.windows(END.len()).rposition(|window| window == END);
    let end = end.ok_or_else(|| Error::Label {
        reason: "the file's XMP has no `</rdf:RDF>` to put it before".to_owned(),
    })?;
    let (before, after) = xmp.split_at(end);
    Ok([before, description.as_bytes(), after].concat())
}

/// The property's text in an XMP packet, where it is an element or an attribute.
fn property(xmp: &[u8]) -> Option<String> {
    let mut reader = NsReader::from_reader(xmp);
    let mut inside = false;
    let mut text = String::new();
    let mut buffer = Vec::new();
    loop {
        match reader.read_resolved_event_into(&mut buffer).ok()? {
            (namespace, Event::Start(element)) => {
                inside = is_ours(&namespace) && element.local_name().as_ref() == FIELD.as_bytes();
                if let Some(found) = attribute(&reader, &element) {
                    return Some(found);
                }
            }
            (_, Event::Empty(element)) => {
                if let Some(found) = attribute(&reader, &element) {
                    return Some(found);
                }
            }
            (_, Event::Text(part)) if inside => text.push_str(&part.decode().ok()?),
            (_, Event::GeneralRef(reference)) if inside => {
                let name = reference.decode().ok()?;
                let entity = match reference.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name)?.to_owned(),
                };
                text.push_str(&entity);
            }
            (_, Event::End(_)) if inside => return Some(text),
            (_, Event::Eof) => return None,
            _ => {}
        }
        if text.len() > LONGEST {
            return None;
        }
        buffer.clear();
    }
}

fn attribute(reader: &NsReader<&[u8]>, element: &BytesStart<'_>) -> Option<String> {
    element.attributes().flatten().find_map(|attribute| {
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let found = is_ours(&namespace) && name.as_ref() == FIELD.as_bytes();
        let value = found.then(|| attribute.normalized_value(XmlVersion::Implicit1_0).ok())??;
        Some(value.into_owned())
    })
}

fn is_ours(namespace: &ResolveResult<'_>) -> bool {
    matches!(namespace, ResolveResult::Bound(Namespace(name)) if *name == NAMESPACE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(xmp: Option<&str>) -> Metadata {
        let mut metadata = Metadata {
            xmp: xmp.map(|xmp| xmp.as_bytes().to_vec()),
            ..Metadata::default()
        };
        let label = AigcLabel::generated("Studio <&> \"Ä\"", "00c0ffee");
        label.write(&mut metadata, Format::Jpeg).unwrap();
        metadata
    }

    #[test]
    fn a_label_is_read_as_it_was_written_and_written_once() {
        let mut metadata = labelled(None);
        let label = AigcLabel::read(&metadata).unwrap();
        assert_eq!(label.label, "1");
        assert_eq!(label.content_producer, "Studio <&> \"Ä\"");
        assert_eq!(label.produce_id, "00c0ffee");
        let before = metadata.clone();
        AigcLabel::generated("Other", "1")
            .write(&mut metadata, Format::Jpeg)
            .unwrap();
        assert_eq!(metadata, before);
    }

    #[test]
    fn what_xmp_holds_stays() {
        let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
                   xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
                   xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:format>image/jpeg</dc:format></rdf:Description>\
                   </rdf:RDF></x:xmpmeta>";
        let metadata = labelled(Some(xmp));
        let text = String::from_utf8(metadata.xmp.clone().unwrap()).unwrap();
        assert!(text.contains("<dc:format>image/jpeg</dc:format>"), "{text}");
        assert!(AigcLabel::read(&metadata).is_some(), "{text}");
        let mut broken = Metadata {
            xmp: Some(b"<x/>".to_vec()),
            ..Metadata::default()
        };
        let error = AigcLabel::generated("a", "b").write(&mut broken, Format::Png);
        assert!(error.unwrap_err().to_string().contains("rdf:RDF"));
        assert_eq!(broken.xmp.as_deref(), Some(&b"<x/>"[..]));
    }

    #[test]
    fn others_write_it_with_other_prefixes_and_as_an_attribute() {
        for description in [
            "<r:D xmlns:a='http://www.tc260.org.cn/ns/AIGC/1.0/'><a:AIGC>{&#34;Label&quot;:\"2\"}</a:AIGC></r:D>",
            "<r:D xmlns:a='http://www.tc260.org.cn/ns/AIGC/1.0/' a:AIGC='{\"Label\":\"2\"}'/>",
        ] {
            let xmp = format!("<r:RDF xmlns:r='r'>{description}</r:RDF>");
            let found = property(xmp.as_bytes());
            assert_eq!(found.as_deref(), Some("{\"Label\":\"2\"}"), "{xmp}");
        }
        for wrong in [
            "",
            "<",
            "<a:AIGC xmlns:a='elsewhere'>{}</a:AIGC>",
            "<a:AIGC xmlns:a='http://www.tc260.org.cn/ns/AIGC/1.0/'>&unknown;</a:AIGC>",
        ] {
            assert_eq!(property(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn sounds_without_xmp_hold_a_tag_and_others_are_refused() {
        let mut metadata = Metadata::default();
        let label = AigcLabel::generated("Studio", "7");
        label.write(&mut metadata, Format::Flac).unwrap();
        assert_eq!(metadata.tags[0].key, "AIGC");
        assert_eq!(AigcLabel::read(&metadata), Some(label.clone()));
        assert!(label.write(&mut Metadata::default(), Format::Bmp).is_err());
    }
}
