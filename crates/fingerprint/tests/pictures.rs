//! Pictures that are whole, parts, turned, and others.
#![allow(clippy::unwrap_used, reason = "tests")]

use filigrane_fingerprint::{Left, Likeness, PictureFingerprint, PictureQuery, Relation};
use filigrane_media::{Layout, Picture, PictureSamples};

const WHOLE: Left = Left {
    width: 1.0,
    height: 1.0,
};

/// Luma in 0 to 1 at a place, a heap of soft discs that follow from a number.
fn luma(number: u32, x: f64, y: f64) -> f64 {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX)
    };
    let mut value: f64 = 0.5;
    for _ in 0..300 {
        let (cx, cy) = (300.0 * random(), 200.0 * random());
        let (radius, depth) = (3.0 + 10.0 * random(), random() - 0.5);
        let distance = (x - cx).hypot(y - cy) / radius;
        value += depth / (1.0 + distance.powi(6));
    }
    value.clamp(0.0, 1.0)
}

fn drawn(width: u32, height: u32, at: impl Fn(f64, f64) -> f64) -> Picture {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
    let samples = pixels.map(|(x, y)| (255.0 * at(x, y)) as u8).collect();
    Picture::new(width, height, Layout::Gray, PictureSamples::U8(samples)).unwrap()
}

fn picture(number: u32) -> Picture {
    drawn(300, 200, |x, y| luma(number, x, y))
}

fn compared(query: &PictureQuery, to: u32, left: Left) -> (Relation, Likeness) {
    let likeness = query.likeness(&PictureFingerprint::of(&picture(to)), 1.5);
    (query.relation(&likeness, left), likeness)
}

#[test]
fn whole_parts_and_others() {
    let whole = PictureQuery::new(&picture(1), 0.0, false);
    assert_eq!(compared(&whole, 1, WHOLE).0, Relation::Same);
    for number in 2..8 {
        let (relation, likeness) = compared(&whole, number, WHOLE);
        assert_eq!(relation, Relation::Different, "{likeness:?}");
    }
    let part = drawn(180, 120, |x, y| luma(1, x + 45.0, y + 25.0));
    let query = PictureQuery::new(&part, 0.0, false);
    let (relation, likeness) = compared(&query, 1, WHOLE);
    assert_eq!(relation, Relation::Derived, "{likeness:?}");
}

/// Cells of a fingerprint need not be square, and turning must not shear them.
#[test]
fn turned_pictures_are_related_to_themselves() {
    for degrees in [-30.0, -7.0, 5.0, 15.0, 45.0, 90.0, 105.0, 180.0_f64] {
        // Turned clockwise within its frame, the corners black.
        let (sin, cos) = degrees.to_radians().sin_cos();
        let lies = (degrees / 90.0).round().rem_euclid(2.0) == 1.0;
        let (width, height) = if lies { (200, 300) } else { (300, 200) };
        let turned = drawn(width, height, |x, y| {
            let (u, v) = (x - f64::from(width) / 2.0, y - f64::from(height) / 2.0);
            let (x, y) = (u * cos + v * sin + 150.0, v * cos - u * sin + 100.0);
            let inside = (0.0..300.0).contains(&x) && (0.0..200.0).contains(&y);
            if inside { luma(1, x, y) } else { 0.0 }
        });
        let query = PictureQuery::new(&turned, degrees, false);
        let (relation, likeness) = compared(&query, 1, WHOLE);
        let related = matches!(relation, Relation::Same | Relation::Derived);
        assert!(related, "{degrees}°: {relation:?} {likeness:?}");
        let (relation, likeness) = compared(&query, 2, WHOLE);
        let apart = matches!(relation, Relation::Different | Relation::Unclear);
        assert!(apart, "{degrees}°: {relation:?} {likeness:?}");
    }
}

#[test]
fn what_is_kept_comes_back() {
    let kept = PictureFingerprint::of(&picture(1));
    let detail = kept.detail();
    assert!(PictureFingerprint::new(*kept.hash(), &detail) == Some(kept.clone()));
    assert!(PictureFingerprint::new(*kept.hash(), &detail[1..]).is_none());
}
