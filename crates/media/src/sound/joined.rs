//! Two slices read as one file, so that a part can be left out without copying the rest.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// `head` and `body`, one after the other.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    head: &'a [u8],
    body: &'a [u8],
    position: u64,
}

impl<'a> Joined<'a> {
    pub(super) fn new(head: &'a [u8], body: &'a [u8]) -> Self {
        Self {
            head,
            body,
            position: 0,
        }
    }

    fn len(&self) -> u64 {
        (self.head.len() + self.body.len()) as u64
    }

    /// What stands at the position, up to the end of its slice.
    fn rest(&self) -> &'a [u8] {
        let position = usize::try_from(self.position).unwrap_or(usize::MAX);
        match position.checked_sub(self.head.len()) {
            None => self.head.get(position..),
            Some(in_body) => self.body.get(in_body..),
        }
        .unwrap_or(&[])
    }
}

impl Read for Joined<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.rest().read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Joined<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

impl MediaSource for Joined<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_seeks_across_the_seam() {
        let mut joined = Joined::new(b"abc", b"defg");
        let mut all = String::new();
        joined.read_to_string(&mut all).unwrap();
        assert_eq!(all, "abcdefg");
        for (to, expected) in [
            (SeekFrom::Start(2), "cdefg"),
            (SeekFrom::End(-4), "defg"),
            (SeekFrom::Current(-2), "fg"),
            (SeekFrom::Start(99), ""),
        ] {
            joined.seek(to).unwrap();
            all.clear();
            joined.read_to_string(&mut all).unwrap();
            assert_eq!(all, expected);
            joined.seek(SeekFrom::End(0)).unwrap();
        }
        assert!(joined.seek(SeekFrom::End(-8)).is_err());
    }
}
