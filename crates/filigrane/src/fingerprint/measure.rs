//! How far related and unrelated pictures are from each other.

use filigrane_media::{
    Format, Limits, Metadata, Picture, PictureEncoding, PictureSamples, decode_picture,
    encode_picture,
};

use super::image::{ImageFingerprint, Query};

type Change = (&'static str, Box<dyn Fn(&Picture) -> Picture>);

/// A part of a picture: its size and where it begins, all as parts of width and height.
fn part(picture: &Picture, (width, height): (f64, f64), (left, top): (f64, f64)) -> Picture {
    let of = |whole: u32, part: f64| (f64::from(whole) * part) as usize;
    let (columns, rows) = (of(picture.width, width), of(picture.height, height));
    let (x, y) = (of(picture.width, left), of(picture.height, top));
    let channels = picture.layout.channels();
    let PictureSamples::U8(samples) = &picture.samples else {
        unreachable!("only pictures of 8 bits are measured")
    };
    let row = |y: usize| {
        let begin = (y * picture.width as usize + x) * channels;
        samples[begin..begin + columns * channels].iter().copied()
    };
    Picture {
        width: u32::try_from(columns).unwrap(),
        height: u32::try_from(rows).unwrap(),
        samples: PictureSamples::U8((y..y + rows).flat_map(row).collect()),
        ..picture.clone()
    }
}

fn toned(picture: &Picture, gamma: f64) -> Picture {
    let mut picture = picture.clone();
    if let PictureSamples::U8(samples) = &mut picture.samples {
        for sample in samples {
            *sample = ((f64::from(*sample) / 255.0).powf(gamma) * 255.0).round() as u8;
        }
    }
    picture
}

fn coded(picture: &Picture, quality: u8) -> Picture {
    let encoding = PictureEncoding {
        quality: Some(quality),
        ..PictureEncoding::default()
    };
    let bytes = encode_picture(picture, Format::Jpeg, &encoding, &Metadata::default()).unwrap();
    decode_picture(&bytes, Format::Jpeg, &Limits::default()).unwrap()
}

fn crop(size: f64, left: f64, top: f64) -> Box<dyn Fn(&Picture) -> Picture> {
    Box::new(move |picture| {
        let room = 1.0 - size;
        part(picture, (size, size), (room * left, room * top))
    })
}

fn changes() -> Vec<Change> {
    vec![
        ("none", Box::new(Picture::clone)),
        ("JPEG 20", Box::new(|picture| coded(picture, 20))),
        ("gamma 0.6", Box::new(|picture| toned(picture, 0.6))),
        ("crop to 95 % of each side", crop(0.95, 0.5, 0.5)),
        ("crop to 90 %", crop(0.9, 0.0, 0.0)),
        ("crop to 70 %", crop(0.7, 0.3, 0.6)),
        ("crop to 50 %", crop(0.5, 0.3, 0.6)),
        ("crop to 40 %", crop(0.4, 0.5, 0.5)),
        (
            "square of 60 % of the shorter side",
            Box::new(|picture| {
                let side = 0.6 * f64::from(picture.width.min(picture.height));
                let size = (
                    side / f64::from(picture.width),
                    side / f64::from(picture.height),
                );
                part(picture, size, (0.02, 0.04))
            }),
        ),
        (
            "middle half of the rows",
            Box::new(|picture| part(picture, (1.0, 0.5), (0.0, 0.25))),
        ),
    ]
}

fn pictures() -> Option<Vec<Picture>> {
    let folder = std::path::Path::new(&std::env::var_os("FILIGRANE_DATA")?).join("images");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let format = Format::probe(&bytes).unwrap();
        decode_picture(&bytes, format, &Limits::default()).unwrap()
    };
    let is_measured = |picture: &Picture| {
        picture.width < 3000 && matches!(picture.samples, PictureSamples::U8(_))
    };
    Some(paths.iter().map(read).filter(is_measured).collect())
}

fn aspect(picture: &Picture) -> f64 {
    f64::from(picture.width) / f64::from(picture.height)
}

/// Prints the table of `docs/verification.md`.
#[test]
#[ignore = "takes minutes and needs FILIGRANE_DATA; prints figures"]
#[allow(clippy::print_stdout, reason = "that is what it is for")]
fn distributions() {
    let Some(pictures) = pictures() else {
        println!("skipped: FILIGRANE_DATA is not set");
        return;
    };
    let prints: Vec<_> = pictures.iter().map(ImageFingerprint::of).collect();
    println!("{} pictures", pictures.len());
    for (name, change) in changes() {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for (number, picture) in pictures.iter().enumerate() {
            let query = Query::new(&change(picture), 0.0, false);
            for (other, print) in prints.iter().enumerate() {
                let distance = query.distance(print, aspect(&pictures[other]));
                let list = if other == number {
                    &mut own
                } else {
                    &mut others
                };
                list.push((distance.bits, distance.fit));
            }
        }
        let bits = |list: &[(u32, f64)]| {
            let mut bits: Vec<u32> = list.iter().map(|pair| pair.0).collect();
            bits.sort_unstable();
            bits
        };
        let fits = |list: &[(u32, f64)]| {
            let mut fits: Vec<f64> = list.iter().map(|pair| pair.1).collect();
            fits.sort_by(f64::total_cmp);
            fits
        };
        let (own_bits, own_fits) = (bits(&own), fits(&own));
        let (other_bits, other_fits) = (bits(&others), fits(&others));
        println!(
            "| {name} | {} | {} | {:.1} | {:.1} | {} | {:.1} | {:.1} |",
            own_bits[own_bits.len() / 2],
            own_bits[own_bits.len() - 1],
            own_fits[own_fits.len() / 2],
            own_fits[0],
            other_bits[0],
            other_fits[other_fits.len() * 99 / 100],
            other_fits[other_fits.len() - 1],
        );
    }
}
