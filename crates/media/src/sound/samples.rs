//! Sample depths, and the way between stored numbers and the `f32` of a [`Sound`](super::Sound).

/// How one sample is stored in a file.
///
/// Integers stand for ±1.0 scaled by 2^(bits − 1). 8-, 16- and 24-bit integers fit the 24-bit
/// mantissa of an `f32`, so that decoding and encoding again at the same depth gives the very same
/// numbers. 32-bit integers and 64-bit floats lose what lies below that mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SampleDepth {
    /// 8-bit integer (unsigned with an offset of 128 in WAV, signed in FLAC).
    I8,
    /// 16-bit signed integer.
    I16,
    /// 24-bit signed integer.
    I24,
    /// 32-bit signed integer.
    I32,
    /// 32-bit IEEE 754 float.
    F32,
    /// 64-bit IEEE 754 float.
    F64,
}

impl SampleDepth {
    /// The narrowest integer depth that holds `bits` bits per sample (1 to 32).
    pub(super) fn integer_holding(bits: u32) -> Option<Self> {
        match bits {
            1..=8 => Some(Self::I8),
            9..=16 => Some(Self::I16),
            17..=24 => Some(Self::I24),
            25..=32 => Some(Self::I32),
            _ => None,
        }
    }

    /// Bits that one stored sample takes.
    pub fn bits(self) -> u16 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I24 => 24,
            Self::I32 | Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    /// Bytes that one stored sample takes.
    pub fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }

    /// Whether samples are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// The integer of `bits` bits (2 to 32) nearest to `sample`, clipped to what the depth can hold.
///
/// Plain rounding without dither: whatever was an integer of this depth comes back unchanged, and
/// no noise is added to samples that nobody touched. A sample that is not a number becomes 0.
pub(super) fn quantise(sample: f32, bits: u16) -> i32 {
    let scale = f64::from(1u32 << (bits.clamp(2, 32) - 1));
    // `as` from a float saturates at the ends of `i32` and maps NaN to 0.
    (f64::from(sample) * scale)
        .round()
        .clamp(-scale, scale - 1.0) as i32
}

/// Reads one little-endian sample of `depth` as WAV stores it; `bytes` holds exactly that sample.
pub(super) fn read_le(bytes: &[u8], depth: SampleDepth) -> f32 {
    match (depth, bytes) {
        (SampleDepth::I8, &[a]) => (f32::from(a) - 128.0) / 128.0,
        (SampleDepth::I16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
        (SampleDepth::I24, &[a, b, c]) => {
            // The three bytes go to the top of an `i32`, the shift back extends the sign.
            (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0
        }
        (SampleDepth::I32, &[a, b, c, d]) => {
            (f64::from(i32::from_le_bytes([a, b, c, d])) / 2_147_483_648.0) as f32
        }
        (SampleDepth::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        (SampleDepth::F64, &[a, b, c, d, e, f, g, h]) => {
            f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32
        }
        _ => 0.0,
    }
}

/// Appends one sample to `out` as WAV stores it, little-endian.
pub(super) fn write_le(out: &mut Vec<u8>, sample: f32, depth: SampleDepth) {
    match depth {
        SampleDepth::I8 => out.push((quantise(sample, 8) + 128) as u8),
        SampleDepth::I16 => out.extend_from_slice(&(quantise(sample, 16) as i16).to_le_bytes()),
        SampleDepth::I24 => {
            let [a, b, c, _] = quantise(sample, 24).to_le_bytes();
            out.extend_from_slice(&[a, b, c]);
        }
        SampleDepth::I32 => out.extend_from_slice(&quantise(sample, 32).to_le_bytes()),
        SampleDepth::F32 => out.extend_from_slice(&sample.to_le_bytes()),
        SampleDepth::F64 => out.extend_from_slice(&f64::from(sample).to_le_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_up_to_24_bits_survives() {
        for value in i16::MIN..=i16::MAX {
            assert_eq!(quantise(f32::from(value) / 32_768.0, 16), i32::from(value));
        }
        // A step coprime to the powers of two reaches every kind of bit pattern.
        for value in (-(1 << 23)..(1 << 23)).step_by(251).chain([(1 << 23) - 1]) {
            assert_eq!(quantise(value as f32 / 8_388_608.0, 24), value);
        }
    }

    #[test]
    fn samples_out_of_range_clip_and_nan_is_silence() {
        for (bits, low, high) in [
            (8, -128, 127),
            (16, -32_768, 32_767),
            (24, -8_388_608, 8_388_607),
            (32, i32::MIN, i32::MAX),
        ] {
            assert_eq!(quantise(1.0, bits), high);
            assert_eq!(quantise(f32::INFINITY, bits), high);
            assert_eq!(quantise(-1.0, bits), low);
            assert_eq!(quantise(-7.5, bits), low);
            assert_eq!(quantise(f32::NAN, bits), 0);
        }
    }

    #[test]
    fn stored_bytes_come_back() {
        let cases: [(SampleDepth, &[u8]); 6] = [
            (SampleDepth::I8, &[3]),
            (SampleDepth::I16, &[0xfe, 0x80]),
            (SampleDepth::I24, &[1, 2, 0x83]),
            (SampleDepth::I32, &[0, 2, 3, 0x84]),
            (SampleDepth::F32, &[1, 2, 3, 0x3e]),
            (SampleDepth::F64, &[0, 0, 0, 0x40, 0x55, 0x66, 0xe7, 0x3f]),
        ];
        for (depth, bytes) in cases {
            let mut out = Vec::new();
            write_le(&mut out, read_le(bytes, depth), depth);
            assert_eq!(out, bytes, "{depth:?}");
        }
    }
}
