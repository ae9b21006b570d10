//! The Ogg container: pages in, packets out, and the other way round.
//!
//! Source: RFC 3533.

/// Bytes of a page header before its segment table.
const HEADER_LEN: usize = 27;

/// Flag: the first packet of the page goes on from the page before.
const CONTINUED: u8 = 1;
/// Flag: first page of a logical stream.
const FIRST: u8 = 2;
/// Flag: last page of a logical stream.
const LAST: u8 = 4;

/// A granule position that says "no packet ends on this page".
const NO_GRANULE: u64 = u64::MAX;

/// Pages with a wrong checksum that are stepped over before the reader gives up. Looking for the
/// next page costs a checksum over up to 64 KiB each, which a hostile file could ask for per byte.
const MAX_BAD_PAGES: usize = 1000;

/// The longest packet put together. Audio packets have a few hundred bytes, a comment header with
/// a cover picture some megabytes.
const MAX_PACKET_LEN: usize = 16 << 20;

/// One page with a right checksum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    flags: u8,
    /// Which logical stream the page belongs to.
    pub(super) serial: u32,
    granule: u64,
    segments: &'a [u8],
    body: &'a [u8],
}

impl Page<'_> {
    /// Whether the page opens a logical stream.
    pub(super) fn is_first(&self) -> bool {
        self.flags & FIRST != 0
    }

    /// Whether the page closes its logical stream.
    pub(super) fn is_last(&self) -> bool {
        self.flags & LAST != 0
    }

    /// Position at the end of the last packet that ends on this page, in the codec's own unit.
    pub(super) fn granule(&self) -> Option<u64> {
        (self.granule != NO_GRANULE).then_some(self.granule)
    }

    /// The beginning of the page's first packet.
    pub(super) fn body(&self) -> &[u8] {
        self.body
    }
}

/// Walks over the sound pages of `bytes` and steps over what is damaged.
#[derive(Debug, Clone)]
pub(super) struct Pages<'a> {
    rest: &'a [u8],
    bad: usize,
}

impl<'a> Pages<'a> {
    /// Starts at the beginning of a file.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            bad: 0,
        }
    }
}

impl<'a> Iterator for Pages<'a> {
    type Item = Page<'a>;

    fn next(&mut self) -> Option<Page<'a>> {
        while self.bad < MAX_BAD_PAGES {
            let at = self.rest.windows(4).position(|four| four == b"OggS")?;
            self.rest = self.rest.get(at..)?;
            match parse_page(self.rest) {
                Some((page, length)) => {
                    self.rest = self.rest.get(length..)?;
                    return Some(page);
                }
                None => {
                    self.bad += 1;
                    self.rest = self.rest.get(4..)?;
                }
            }
        }
        None
    }
}

/// Reads the page at the beginning of `bytes`; gives it and its length if the checksum is right.
fn parse_page(bytes: &[u8]) -> Option<(Page<'_>, usize)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let [
        _,
        _,
        _,
        _,
        version,
        flags,
        g0,
        g1,
        g2,
        g3,
        g4,
        g5,
        g6,
        g7,
        s0,
        s1,
        s2,
        s3,
        tail @ ..,
    ] = *header;
    let [_, _, _, _, c0, c1, c2, c3, segment_count] = tail;
    if version != 0 {
        return None;
    }
    let (segments, rest) = rest.split_at_checked(usize::from(segment_count))?;
    let body_len: usize = segments.iter().copied().map(usize::from).sum();
    let body = rest.get(..body_len)?;

    // The checksum is taken with its own field at zero.
    let mut blank = *header;
    blank[22..26].fill(0);
    let crc = crc32(crc32(crc32(0, &blank), segments), body);
    (crc == u32::from_le_bytes([c0, c1, c2, c3])).then_some((
        Page {
            flags,
            serial: u32::from_le_bytes([s0, s1, s2, s3]),
            granule: u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]),
            segments,
            body,
        },
        HEADER_LEN + segments.len() + body_len,
    ))
}

/// Puts the packets of one logical stream together.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// The beginning of a packet that goes on, where one is open.
    open: Option<Vec<u8>>,
}

impl Packets {
    /// Hands every packet that ends on `page` to `take`, in order.
    pub(super) fn push_page(&mut self, page: &Page<'_>, mut take: impl FnMut(&[u8])) {
        let continued = page.flags & CONTINUED != 0;
        if !continued {
            self.open = None;
        }
        // Without its beginning, the end of a packet is of no use.
        let mut orphan = continued && self.open.is_none();
        let mut start = 0;
        let mut end = 0;
        for &segment in page.segments {
            end += usize::from(segment);
            if segment == 255 {
                continue;
            }
            let part = page.body.get(start..end).unwrap_or(&[]);
            start = end;
            match self.open.take() {
                Some(mut packet) => {
                    packet.extend_from_slice(part);
                    take(&packet);
                }
                None if orphan => {}
                None => take(part),
            }
            orphan = false;
        }
        if start < end && !orphan {
            let part = page.body.get(start..end).unwrap_or(&[]);
            let open = self.open.get_or_insert_default();
            open.extend_from_slice(part);
            if open.len() > MAX_PACKET_LEN {
                self.open = None;
            }
        }
    }
}

/// Writes the pages of one logical stream.
#[derive(Debug)]
pub(super) struct PageWriter {
    out: Vec<u8>,
    serial: u32,
    sequence: u32,
    segments: Vec<u8>,
    body: Vec<u8>,
    /// Where the last packet that ended on the page being filled leaves off.
    granule: u64,
    continued: bool,
}

impl PageWriter {
    /// Starts a stream; `serial` tells it from others in the same file.
    pub(super) fn new(serial: u32) -> Self {
        Self {
            out: Vec::new(),
            serial,
            sequence: 0,
            segments: Vec::with_capacity(255),
            body: Vec::new(),
            granule: NO_GRANULE,
            continued: false,
        }
    }

    /// Adds a packet that ends at `granule`.
    pub(super) fn push(&mut self, packet: &[u8], granule: u64) {
        let mut rest = packet;
        loop {
            if self.segments.len() == 255 {
                self.flush(false);
            }
            let (segment, after) = rest.split_at(rest.len().min(255));
            self.segments.push(segment.len() as u8);
            self.body.extend_from_slice(segment);
            rest = after;
            // A packet ends with the first segment shorter than 255, if need be an empty one.
            if segment.len() < 255 {
                self.granule = granule;
                return;
            }
        }
    }

    /// Closes the page being filled, so that the next packet starts a new one.
    pub(super) fn end_page(&mut self) {
        if !self.segments.is_empty() {
            self.flush(false);
        }
    }

    /// Closes the stream and gives its bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.flush(true);
        self.out
    }

    fn flush(&mut self, last: bool) {
        let flags = u8::from(self.continued) * CONTINUED
            + u8::from(self.sequence == 0) * FIRST
            + u8::from(last) * LAST;
        let start = self.out.len();
        self.out.extend_from_slice(b"OggS\0");
        self.out.push(flags);
        self.out.extend_from_slice(&self.granule.to_le_bytes());
        self.out.extend_from_slice(&self.serial.to_le_bytes());
        self.out.extend_from_slice(&self.sequence.to_le_bytes());
        self.out.extend_from_slice(&[0; 4]);
        self.out.push(self.segments.len() as u8);
        self.out.extend_from_slice(&self.segments);
        self.out.extend_from_slice(&self.body);
        let page = &mut self.out[start..];
        let crc = crc32(0, page);
        page[22..26].copy_from_slice(&crc.to_le_bytes());

        self.sequence += 1;
        self.granule = NO_GRANULE;
        self.continued = self.segments.last() == Some(&255);
        self.segments.clear();
        self.body.clear();
    }
}

/// Table of the CRC with generator polynomial 0x04c11db7, most significant bit first, no reflection
/// (RFC 3533, section 6, field 7).
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// Goes on with the checksum `crc` over `bytes`.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (crc << 8) ^ CRC_TABLE[usize::from((crc >> 24) as u8 ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut assembly = Packets::default();
        for page in Pages::new(bytes) {
            assembly.push_page(&page, |packet| found.push(packet.to_vec()));
        }
        found
    }

    fn stream(lengths: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut writer = PageWriter::new(7);
        let mut written = Vec::new();
        for (n, &length) in lengths.iter().enumerate() {
            let packet: Vec<u8> = (0..length).map(|i| (i * 31 + n) as u8).collect();
            writer.push(&packet, n as u64);
            written.push(packet);
        }
        (writer.finish(), written)
    }

    #[test]
    fn checksum_of_a_page_made_elsewhere() {
        // Worked out bit by bit in another language, without a table.
        assert_eq!(crc32(0, b"123456789"), 0x89a1_897f);
    }

    #[test]
    fn packets_of_every_awkward_length_come_back() {
        let (bytes, written) = stream(&[0, 1, 254, 255, 256, 510, 70_000, 65_025, 3, 200_000, 0]);
        assert_eq!(packets(&bytes), written);
        let pages: Vec<_> = Pages::new(&bytes).collect();
        assert!(pages.first().unwrap().is_first() && pages.last().unwrap().is_last());
        assert!(pages.iter().skip(1).all(|page| !page.is_first()));
        assert_eq!(pages.last().unwrap().granule(), Some(10));
    }

    #[test]
    fn a_damaged_page_costs_only_its_own_packets() {
        let mut writer = PageWriter::new(1);
        for n in 0..5u8 {
            writer.push(&[n; 10], u64::from(n));
            writer.end_page();
        }
        let mut bytes = writer.finish();
        let page = HEADER_LEN + 1 + 10;
        bytes[2 * page + 30] ^= 1;
        let left: Vec<u8> = packets(&bytes).iter().map(|packet| packet[0]).collect();
        assert_eq!(left, [0, 1, 3, 4]);
    }

    #[test]
    fn a_packet_without_its_beginning_is_dropped() {
        let (bytes, written) = stream(&[70_000, 20]);
        let second_page = bytes.windows(4).skip(1).position(|w| w == b"OggS").unwrap() + 1;
        assert_eq!(packets(&bytes[second_page..]), written[1..]);
    }
}
