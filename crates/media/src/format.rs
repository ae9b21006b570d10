//! Formats, found by content.

use std::fmt;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Pixels.
    Image,
    /// Samples.
    Audio,
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Audio => "audio",
        })
    }
}

/// A container that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP, lossy or lossless.
    WebP,
    /// GIF; the first frame is read.
    Gif,
    /// TIFF.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// RIFF WAVE (also RF64).
    Wav,
    /// FLAC.
    Flac,
    /// MPEG-1/2 layer III.
    Mp3,
    /// Vorbis in Ogg.
    OggVorbis,
    /// Opus in Ogg.
    OggOpus,
    /// AAC in MP4.
    M4a,
    /// AAC in ADTS.
    Aac,
    /// AVIF; its pixels are not read.
    Avif,
    /// HEIC and HEIF; their pixels are not read.
    Heic,
    /// JPEG XL in its container; its pixels are not read.
    Jxl,
    /// SVG; it has no pixels.
    Svg,
}

/// Bytes in which an SVG file's first element begins.
const SVG_BEGINNING: usize = 4096;

/// A format's names: constant, medium, what people call it, MIME type, extensions (the usual first).
type Names = (
    Format,
    Medium,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const FORMATS: [Names; 17] = [
    (
        Format::Png,
        Medium::Image,
        "PNG",
        "image/png",
        &["png", "apng"],
    ),
    (
        Format::Jpeg,
        Medium::Image,
        "JPEG",
        "image/jpeg",
        &["jpg", "jpeg", "jpe", "jfif"],
    ),
    (Format::WebP, Medium::Image, "WebP", "image/webp", &["webp"]),
    (Format::Gif, Medium::Image, "GIF", "image/gif", &["gif"]),
    (
        Format::Tiff,
        Medium::Image,
        "TIFF",
        "image/tiff",
        &["tiff", "tif"],
    ),
    (
        Format::Bmp,
        Medium::Image,
        "BMP",
        "image/bmp",
        &["bmp", "dib"],
    ),
    (
        Format::Wav,
        Medium::Audio,
        "WAV",
        "audio/wav",
        &["wav", "wave"],
    ),
    (Format::Flac, Medium::Audio, "FLAC", "audio/flac", &["flac"]),
    (Format::Mp3, Medium::Audio, "MP3", "audio/mpeg", &["mp3"]),
    (
        Format::OggVorbis,
        Medium::Audio,
        "Ogg Vorbis",
        "audio/ogg",
        &["ogg", "oga"],
    ),
    (
        Format::OggOpus,
        Medium::Audio,
        "Opus",
        "audio/opus",
        &["opus"],
    ),
    (
        Format::M4a,
        Medium::Audio,
        "M4A",
        "audio/mp4",
        &["m4a", "mp4"],
    ),
    (Format::Aac, Medium::Audio, "AAC", "audio/aac", &["aac"]),
    (Format::Avif, Medium::Image, "AVIF", "image/avif", &["avif"]),
    (
        Format::Heic,
        Medium::Image,
        "HEIC",
        "image/heic",
        &["heic", "heif"],
    ),
    (Format::Jxl, Medium::Image, "JPEG XL", "image/jxl", &["jxl"]),
    (Format::Svg, Medium::Image, "SVG", "image/svg+xml", &["svg"]),
];

impl Format {
    /// The format of a file's content; nothing where it is none that is known.
    #[must_use]
    pub fn probe(bytes: &[u8]) -> Option<Self> {
        let at = |offset: usize, magic: &[u8]| {
            bytes
                .get(offset..)
                .is_some_and(|rest| rest.starts_with(magic))
        };
        match bytes {
            _ if at(0, b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            _ if at(0, b"\xff\xd8\xff") => Some(Self::Jpeg),
            _ if at(0, b"RIFF") && at(8, b"WEBP") => Some(Self::WebP),
            _ if (at(0, b"RIFF") || at(0, b"RF64")) && at(8, b"WAVE") => Some(Self::Wav),
            _ if at(0, b"GIF87a") || at(0, b"GIF89a") => Some(Self::Gif),
            _ if at(0, b"II*\0") || at(0, b"MM\0*") => Some(Self::Tiff),
            _ if at(0, b"BM") && at(6, &[0; 4]) => Some(Self::Bmp),
            _ if at(0, b"fLaC") => Some(Self::Flac),
            _ if at(0, b"OggS") => probe_ogg(bytes),
            _ if at(4, b"ftyp") => probe_mp4(bytes),
            _ if at(0, b"\0\0\0\x0cJXL \r\n\x87\n") => Some(Self::Jxl),
            _ if at(0, b"ID3") => probe_after_id3(bytes),
            _ => probe_mpeg_audio(bytes).or_else(|| is_svg(bytes).then_some(Self::Svg)),
        }
    }

    /// What files of this format hold.
    #[must_use]
    pub fn medium(self) -> Medium {
        self.names().1
    }

    /// What people call it, such as `JPEG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().2
    }

    /// Its MIME type, such as `image/jpeg`.
    #[must_use]
    pub fn mime(self) -> &'static str {
        self.names().3
    }

    /// Its usual extension, such as `jpg`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.names().4.first().copied().unwrap_or("")
    }

    /// Whether the pixels or samples of files of this format can be read.
    #[must_use]
    pub const fn can_decode(self) -> bool {
        !matches!(self, Self::Avif | Self::Heic | Self::Jxl | Self::Svg)
    }

    /// Whether files of this format can be written.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(
            self,
            Self::Png
                | Self::Jpeg
                | Self::WebP
                | Self::Tiff
                | Self::Bmp
                | Self::Wav
                | Self::Flac
                | Self::OggOpus
        )
    }

    /// The format that an extension or a name stands for, in either case: `jpg`, `jpeg`, `opus`.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        let known = FORMATS
            .iter()
            .find(|names| names.4.contains(&extension.as_str()));
        known.map(|names| names.0)
    }

    fn names(self) -> &'static Names {
        // Every format stands in the table: a test sees to it.
        FORMATS
            .iter()
            .find(|names| names.0 == self)
            .unwrap_or(&FORMATS[0])
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Looks at the first packet of an Ogg stream, which begins after the first page's header.
fn probe_ogg(bytes: &[u8]) -> Option<Format> {
    let segments = usize::from(*bytes.get(26)?);
    let packet = bytes.get(27 + segments..)?;
    if packet.starts_with(b"OpusHead") {
        Some(Format::OggOpus)
    } else if packet.starts_with(b"\x01vorbis") {
        Some(Format::OggVorbis)
    } else {
        None
    }
}

/// MP4 brands that hold audio or may, and those of pictures.
fn probe_mp4(bytes: &[u8]) -> Option<Format> {
    let brand = bytes.get(8..12)?;
    match brand {
        b"avif" | b"avis" => return Some(Format::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" => return Some(Format::Heic),
        // Of any picture: which one, the compatible brands tell.
        b"mif1" | b"msf1" => {
            let size = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
            let (brands, _) = bytes.get(16..size.min(bytes.len()))?.as_chunks::<4>();
            let is_avif = brands.contains(b"avif");
            return Some(if is_avif { Format::Avif } else { Format::Heic });
        }
        _ => {}
    }
    let audio: [&[u8]; 8] = [
        b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2", b"iso5", b"iso6",
    ];
    audio.contains(&brand).then_some(Format::M4a)
}

/// An ID3v2 tag may stand before MP3, AAC and, against the standard, FLAC.
fn probe_after_id3(bytes: &[u8]) -> Option<Format> {
    let size = bytes
        .get(6..10)?
        .iter()
        .fold(0_usize, |size, byte| size << 7 | usize::from(byte & 0x7f));
    let rest = bytes.get(10 + size..).unwrap_or(&[]);
    if rest.starts_with(b"fLaC") {
        return Some(Format::Flac);
    }
    // Padding may follow the tag; a tag alone is taken for MP3, whose decoder will say what is wrong.
    let start = rest.iter().position(|&byte| byte != 0).unwrap_or(0);
    Some(
        rest.get(start..)
            .and_then(probe_mpeg_audio)
            .unwrap_or(Format::Mp3),
    )
}

/// An XML text whose first element is `svg`, as far as its beginning shows.
fn is_svg(bytes: &[u8]) -> bool {
    let beginning = bytes.get(..SVG_BEGINNING).unwrap_or(bytes);
    let text = String::from_utf8_lossy(beginning);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        // Declarations, comments and document types stand before the first element.
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!") => ">",
            _ => break,
        };
        let Some(at) = rest.find(end) else {
            return false;
        };
        rest = rest.get(at + end.len()..).unwrap_or_default().trim_start();
    }
    rest.strip_prefix("<svg")
        .is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n', '>', '/']))
}

/// The 12-bit synchronisation word of MPEG audio and ADTS, with the fields after it plausible.
fn probe_mpeg_audio(bytes: &[u8]) -> Option<Format> {
    let &[first, second, third, ..] = bytes else {
        return None;
    };
    if first != 0xff || second & 0xe0 != 0xe0 {
        return None;
    }
    let layer = second >> 1 & 3;
    if second & 0xf0 == 0xf0 && layer == 0 {
        return (third >> 2 & 15 < 13).then_some(Format::Aac);
    }
    let version_is_known = second >> 3 & 3 != 1;
    let rates_are_known = third >> 4 != 15 && third >> 2 & 3 != 3;
    (layer == 1 && version_is_known && rates_are_known).then_some(Format::Mp3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_names_of_its_own() {
        for (index, names) in FORMATS.iter().enumerate() {
            assert_eq!(FORMATS[index].0.name(), names.2);
            assert_eq!(
                Format::from_extension(&names.0.extension().to_uppercase()),
                Some(names.0)
            );
        }
        assert_eq!(Format::from_extension("doc"), None);
    }

    #[test]
    fn content_decides() {
        assert_eq!(Format::probe(b"RIFF\0\0\0\0WEBPVP8 "), Some(Format::WebP));
        assert_eq!(Format::probe(b"RIFF\0\0\0\0WAVEfmt "), Some(Format::Wav));
        assert_eq!(Format::probe(b"RIFF\0\0\0\0AVI LIST"), None);
        assert_eq!(Format::probe(&[0xff, 0xfb, 0x90, 0x64]), Some(Format::Mp3));
        assert_eq!(Format::probe(&[0xff, 0xf1, 0x50, 0x80]), Some(Format::Aac));
        assert_eq!(Format::probe(&[0xff, 0xd8, 0xff, 0xe0]), Some(Format::Jpeg));
        assert_eq!(
            Format::probe(b"ID3\x04\0\0\0\0\0\x02xxfLaC"),
            Some(Format::Flac)
        );
        assert_eq!(Format::probe(b"\0\0\0\x1cftypavif"), Some(Format::Avif));
        let any_picture = b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif";
        assert_eq!(Format::probe(any_picture), Some(Format::Avif));
        assert_eq!(Format::probe(&any_picture[..20]), Some(Format::Heic));
        assert_eq!(
            Format::probe(b"\0\0\0\x0cJXL \r\n\x87\n"),
            Some(Format::Jxl)
        );
        let svg = "\u{feff}<?xml version='1.0'?>\n<!-- a <svg> -->\n<!DOCTYPE svg>\n<svg>";
        assert_eq!(Format::probe(svg.as_bytes()), Some(Format::Svg));
        for text in ["<svgs>", "<html><svg>", "<!-- <svg>", "<?", "svg"] {
            assert_eq!(Format::probe(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Format::probe(b"\0\0\0\x1cftypM4A "), Some(Format::M4a));
        for nothing in [
            &b""[..],
            b"hello",
            b"OggS",
            b"ID3",
            b"BM is a text",
            &[0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(
                !matches!(Format::probe(nothing), Some(Format::Bmp | Format::Aac)),
                "{nothing:?}"
            );
        }
        assert_eq!(Format::probe(b"hello"), None);
    }
}
