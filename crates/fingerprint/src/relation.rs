//! How two media are related.

/// How like the registered medium one is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Likeness {
    /// Bits that differ between the hashes of the whole media, of 256; about 128 for unrelated ones.
    pub bits: u32,
    /// How much better it fits its best place in the registered medium than chance, in deviations of as many coins.
    pub fit: f64,
    /// What of the registered medium is there: that place's part of a picture's width, or the part of a sound's
    /// duration that is heard at its place.
    pub part: f64,
}

/// How a medium is related to a registered one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is the registered content as a whole, perhaps recoded, scaled, toned or filtered.
    Same,
    /// It is a part of the registered content, or a changed version of it.
    Derived,
    /// So little of the registered content may be left that we cannot tell.
    Unclear,
    /// It is other content.
    Different,
}
