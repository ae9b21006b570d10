use std::collections::HashSet;

use super::*;
use crate::image::quality::psnr;

/// Smooth shapes with some grain, so that every attack has something to change.
fn picture(width: usize, height: usize) -> Rgb {
    let mut random = Random::new(11, &["picture"]);
    Rgb::from_fn(width, height, |x, y| {
        let (x, y) = (x as f64 / 40.0, y as f64 / 40.0);
        let base = [x.sin() + y.cos(), (x * 0.7 - y).sin(), (x * y * 0.3).cos()];
        base.map(|value| (128.0 + 55.0 * value + 4.0 * random.normal()) as u8)
    })
}

#[test]
fn names_are_unique_and_described() {
    let attacks = all();
    let names: HashSet<&str> = attacks.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks.len());
    let groups: HashSet<&str> = Group::ALL.iter().map(|group| group.name()).collect();
    for attack in &attacks {
        assert!(!groups.contains(attack.name));
        assert!(!attack.description.is_empty());
        assert!(!attack.name.contains([',', ' ', '|']));
    }
}

#[test]
fn selections_are_found() {
    let quick = select("quick").unwrap();
    let standard = select("standard").unwrap();
    assert!((14..=20).contains(&quick.len()), "{}", quick.len());
    assert!((70..=80).contains(&standard.len()), "{}", standard.len());
    assert_eq!(select("all").unwrap().len(), all().len());
    assert_eq!(select("jpeg-50,none").unwrap()[0].name, "none");
    assert!(select("rotate-*").unwrap().len() > 8);
    let denoise = select("denoise").unwrap();
    assert!(denoise.iter().all(|attack| attack.group == Group::Denoise));
    for unknown in ["jpeg-51", "", "quick,nothing"] {
        let found = select(unknown);
        assert!(
            matches!(found, Err(BenchError::UnknownAttack { .. })),
            "{unknown}"
        );
    }
}

#[test]
fn attacks_repeat() {
    let picture = picture(96, 80);
    for attack in all() {
        // Programs outside are left to the test below.
        // Large ones have tests of their own.
        if ["avif", "jpeg2000", "large"]
            .iter()
            .any(|name| attack.name.starts_with(name))
        {
            continue;
        }
        let once = attack.apply(&picture, "picture", 1).unwrap();
        let again = attack.apply(&picture, "picture", 1).unwrap();
        assert_eq!(once, again, "{}", attack.name);
        let changed = once != picture;
        let exact = ["none", "pad-square"].contains(&attack.name);
        assert!(changed || exact, "{} does nothing", attack.name);
    }
}

#[test]
fn random_attacks_depend_on_picture_and_seed() {
    let picture = picture(96, 80);
    for name in [
        "crop-50",
        "rotate-random",
        "noise-15",
        "perspective-2",
        "scale-random",
    ] {
        let attack = select(name).unwrap()[0];
        let first = attack.apply(&picture, "a", 1).unwrap();
        assert_ne!(first, attack.apply(&picture, "b", 1).unwrap(), "{name}");
        assert_ne!(first, attack.apply(&picture, "a", 2).unwrap(), "{name}");
    }
}

#[test]
fn sizes_are_as_named() {
    let picture = picture(200, 120);
    let size = |name: &str| {
        let result = select(name).unwrap()[0].apply(&picture, "p", 3).unwrap();
        (result.width, result.height)
    };
    assert_eq!(size("crop-25"), (100, 60));
    assert_eq!(size("crop-50"), (141, 85));
    assert_eq!(size("crop-10"), (63, 38));
    assert_eq!(size("crop-10-rescaled"), (200, 120));
    assert_eq!(size("cut-3x5"), (197, 115));
    assert_eq!(size("jpeg-double"), (197, 115));
    assert_eq!(size("scale-0.35"), (70, 42));
    assert_eq!(size("scale-2"), (400, 240));
    assert_eq!(size("down-up-0.5"), (200, 120));
    assert_eq!(size("aspect-0.8"), (160, 120));
    assert_eq!(size("aspect-1.25"), (200, 96));
    assert_eq!(size("rotate-45"), (200, 120));
    assert_eq!(size("rotate-90"), (120, 200));
    assert_eq!(size("border-10"), (240, 144));
    assert_eq!(size("pad-square"), (200, 200));
    assert_eq!(size("messenger-1080"), (1080, 648));
    assert_eq!(size("screenshot"), (192, 115));
}

#[test]
fn resampling_keeps_constants() {
    let flat = Rgb::filled(64, 48, [17, 130, 244]);
    for name in [
        "scale",
        "crop",
        "aspect-0.8",
        "aspect-random",
        "rotate-15-inner",
        "flip",
    ] {
        for attack in select(name).unwrap() {
            let result = attack.apply(&flat, "flat", 1).unwrap();
            let same = result.samples.chunks_exact(3).all(|p| p == [17, 130, 244]);
            assert!(same, "{}", attack.name);
        }
    }
}

#[test]
fn coding_gets_worse_with_quality() {
    let picture = picture(160, 128);
    let mut last = f64::INFINITY;
    for name in ["jpeg-90", "jpeg-50", "jpeg-20", "jpeg-10"] {
        let result = select(name).unwrap()[0].apply(&picture, "p", 1).unwrap();
        let now = psnr(&picture, &result);
        assert!(now < last && now > 20.0, "{name}: {now}");
        last = now;
    }
}

#[test]
fn tiny_pictures_survive() {
    for (width, height) in [(1, 1), (2, 9), (17, 3)] {
        let picture = picture(width, height);
        for attack in all() {
            if ["avif", "jpeg2000"]
                .iter()
                .any(|name| attack.name.starts_with(name))
            {
                continue;
            }
            // A codec may refuse; nothing may panic.
            let _ = attack.apply(&picture, "tiny", 1);
        }
    }
}

#[test]
fn outside_codecs_code_or_say_that_they_are_not_there() {
    let picture = picture(160, 128);
    for attack in select("avif-60,jpeg2000-0.3").unwrap() {
        match attack.apply(&picture, "p", 1) {
            Ok(result) => {
                let fidelity = psnr(&picture, &result);
                assert!(
                    (24.0..48.0).contains(&fidelity),
                    "{}: {fidelity}",
                    attack.name
                );
            }
            Err(BenchError::Unavailable { .. }) => {}
            Err(other) => panic!("{}: {other}", attack.name),
        }
    }
}
