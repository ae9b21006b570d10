//! Files that were made to hurt whoever reads them: each costs one line, and the file beside it is verified.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

/// A zlib stream of `count` times the same byte, at 13 bits per 258 bytes: fixed Huffman codes, RFC 1951,
/// section 3.2.6.
fn zlib_run(byte: u8, count: u64) -> Vec<u8> {
    struct Bits(Vec<u8>, u32, u32);
    impl Bits {
        fn low_first(&mut self, value: u32, count: u32) {
            for i in 0..count {
                self.1 |= (value >> i & 1) << self.2;
                self.2 += 1;
                if self.2 == 8 {
                    self.0.push(self.1 as u8);
                    (self.1, self.2) = (0, 0);
                }
            }
        }
        fn code(&mut self, code: u32, count: u32) {
            self.low_first(code.reverse_bits() >> (32 - count), count);
        }
        fn literal(&mut self, byte: u8) {
            match u32::from(byte) {
                low @ 0..=143 => self.code(0x30 + low, 8),
                high => self.code(0x190 + high - 144, 9),
            }
        }
    }
    let mut bits = Bits(vec![0x78, 0x9c], 0, 0);
    bits.low_first(1, 1);
    bits.low_first(1, 2);
    let matches = (count - 1) / 258;
    for _ in 0..count - matches * 258 {
        bits.literal(byte);
    }
    for _ in 0..matches {
        bits.code(0xc5, 8); // length 258
        bits.code(0, 5); // distance 1
    }
    bits.code(0, 7);
    bits.low_first(0, 7);
    let mut stream = bits.0;
    let (n, value) = (u128::from(count), u128::from(byte));
    let a = (1 + n * value) % 65_521;
    let b = (n + value * (n * (n + 1) / 2)) % 65_521;
    stream.extend_from_slice(&((b as u32) << 16 | a as u32).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|i| {
            (0..8).fold(i, |c, _| {
                if c & 1 == 1 {
                    c >> 1 ^ 0xedb8_8320
                } else {
                    c >> 1
                }
            })
        })
        .collect();
    !bytes
        .iter()
        .fold(!0, |c, &byte| table[(c as u8 ^ byte) as usize] ^ c >> 8)
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    let length = (data.len() as u32).to_be_bytes();
    [&length[..], &body, &crc32(&body).to_be_bytes()].concat()
}

/// A black RGB picture, with chunks before its pixels.
fn png(side: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        &side.to_be_bytes()[..],
        &side.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    let rows = u64::from(side) * (u64::from(side) * 3 + 1);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        chunks.concat(),
        png_chunk(b"IDAT", &zlib_run(0, rows)),
        png_chunk(b"IEND", b""),
    ]
    .concat()
}

fn riff_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [kind, &(data.len() as u32).to_le_bytes()[..], data].concat()
}

fn wav(samples: &[u8], more: &[u8]) -> Vec<u8> {
    let format = [1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0];
    let chunks = [
        b"WAVE".to_vec(),
        riff_chunk(b"fmt ", &format),
        riff_chunk(b"data", samples),
        more.to_vec(),
    ];
    riff_chunk(b"RIFF", &chunks.concat())
}

/// Lists in lists, as deep as told; four bytes of each are its type.
fn riff_bomb(depth: u32) -> Vec<u8> {
    let mut lists = Vec::new();
    for level in (1..=depth).rev() {
        lists.extend_from_slice(b"LIST");
        lists.extend_from_slice(&(level * 12 - 8).to_le_bytes());
        lists.extend_from_slice(b"INFO");
    }
    wav(&noise(8000), &lists)
}

fn noise(samples: u32) -> Vec<u8> {
    let mut state = 1_u32;
    (0..samples)
        .flat_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 18) as i16 - 8192).to_le_bytes()
        })
        .collect()
}

fn nested_moov(depth: u32) -> Vec<u8> {
    let mut file = b"\0\0\0\x14ftypM4A \0\0\0\0M4A ".to_vec();
    for level in (1..=depth).rev() {
        file.extend_from_slice(&(level * 8).to_be_bytes());
        file.extend_from_slice(b"moov");
    }
    file
}

/// Directories one after the other, each with the same list of further ones: as many steps as one number times the other.
fn nested_tiff(directories: u32, list: u32) -> Vec<u8> {
    const LIST: u32 = 14;
    let mut file = b"II*\0".to_vec();
    let first = LIST + list * 4;
    file.extend_from_slice(&first.to_le_bytes());
    file.resize(LIST as usize, 0);
    file.extend((0..list).flat_map(|_| 8_u32.to_le_bytes()));
    for number in 1..=directories {
        file.extend_from_slice(&[1, 0, 0x4a, 0x01, 4, 0]);
        file.extend_from_slice(&list.to_le_bytes());
        file.extend_from_slice(&LIST.to_le_bytes());
        let next = if number == directories {
            0
        } else {
            first + number * 18
        };
        file.extend_from_slice(&next.to_le_bytes());
    }
    file
}

/// A picture whose number of samples in a pixel has eight million values.
fn tiff_field() -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0\x07\0".to_vec();
    for (tag, kind, count, value) in [
        (256_u16, 4_u16, 1_u32, 40_u32),
        (257, 4, 1, 30),
        (258, 3, 1, 8),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 0x7f_0001, 1),
        (279, 4, 1, 90),
    ] {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.resize(4000, 0);
    file
}

/// A frame of 16,383 × 16,383 pixels in a canvas of 1 × 1 (RFC 9649, section 2.7).
fn webp_frame() -> Vec<u8> {
    let chunks = [
        b"WEBP".to_vec(),
        riff_chunk(b"VP8X", &[0; 10]),
        riff_chunk(
            b"VP8 ",
            &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f],
        ),
    ];
    riff_chunk(b"RIFF", &chunks.concat())
}

/// A compressed field of ID3v2.3 that is shorter than the length which it should begin with (section 3.3.1), and a frame.
fn short_field() -> Vec<u8> {
    let mut file = b"ID3\x03\0\0\0\0\0\x0eTIT2\0\0\0\x03\0\x80\0\0\0\0".to_vec();
    file.extend_from_slice(&[0xff, 0xfb, 0x90, 0]);
    file.resize(24 + 417, 0);
    file
}

fn hostile_files(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    const GIB: u64 = 1 << 30;
    let xmp = [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &zlib_run(b'A', GIB)].concat();
    let text = [&b"Comment\0\0"[..], &zlib_run(b'A', GIB)].concat();
    let profile = [&b"icc\0\0"[..], &zlib_run(b'A', GIB)].concat();
    let mp3 = [&b"ID3\x04\0\0\0\0\0\x1c"[..], &[0; 28]].concat();
    assert_eq!(mp3.len(), 38);
    let cut = |name: &str, bytes: usize| {
        let file = std::fs::read(world.path(name)).unwrap();
        file[..file.len().min(bytes)].to_vec()
    };
    vec![
        ("riff-bomb-1000.wav", riff_bomb(1000)),
        ("riff-bomb-100000.wav", riff_bomb(100_000)),
        ("nested-moov-1000.m4a", nested_moov(1000)),
        ("nested-moov-100000.m4a", nested_moov(100_000)),
        ("xmp-bomb.png", png(64, &[png_chunk(b"iTXt", &xmp)])),
        ("text-bomb.png", png(64, &[png_chunk(b"zTXt", &text)])),
        ("profile-bomb.png", png(64, &[png_chunk(b"iCCP", &profile)])),
        ("short.mp3", mp3),
        ("short-field.mp3", short_field()),
        ("nested.tiff", nested_tiff(1000, 5000)),
        ("field.tiff", tiff_field()),
        ("frame.webp", webp_frame()),
        ("cut-100.png", cut("good.png", 100)),
        ("cut-20000.png", cut("good.png", 20_000)),
        ("cut-5000.flac", cut("music.flac", 5000)),
        ("cut-40.wav", cut("speech.wav", 40)),
    ]
}

#[test]
fn one_bad_file_costs_one_line() {
    let world = World::new();
    for name in ["generated.png", "music.flac", "speech.wav"] {
        world.sample(name);
    }
    world
        .run(&["stamp", "generated.png", "-o", "good.png"])
        .exits(0);
    let mut arguments = vec!["verify", "--json", "-j", "1", "--max-memory", "805306368"];
    let hostile = hostile_files(&world);
    for (name, bytes) in &hostile {
        std::fs::write(world.path(name), bytes).unwrap();
        arguments.push(name);
    }
    arguments.push("good.png");
    let run = world.run(&arguments);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    let objects = run.json();
    assert_eq!(objects.len(), hostile.len() + 2, "{}", run.out);
    for (object, (name, _)) in objects.iter().zip(&hostile) {
        assert_eq!(object["file"], *name);
        let kind = object["type"].as_str().unwrap();
        assert!(
            ["verification", "error", "limit-exceeded"].contains(&kind),
            "{object:#}"
        );
        assert_ne!(object["verdict"], "verified", "{object:#}");
    }
    let good = &objects[hostile.len()];
    assert_eq!(good["verdict"], "verified", "{good:#}");
}

#[cfg(unix)]
#[test]
fn exceeding_a_limit_is_a_result_of_its_own() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["stamp", "generated.png", "-o", "good.png"])
        .exits(0);
    // 1.2 MB on disk, 192 MB when decoded.
    std::fs::write(world.path("large.png"), png(8000, &[])).unwrap();
    let limited = ["--json", "--max-memory", "234881024"];
    let run = world.run(&[&["verify", "large.png"], &limited[..]].concat());
    let object = run.exits(2).object();
    assert_eq!(object["type"], "limit-exceeded", "{object:#}");
    assert_eq!(object["limit"], "memory", "{object:#}");
    assert!(object["hint"].as_str().unwrap().contains("--max-memory"));

    // An hour of noise is more than two seconds' work; the next file is not late because of it.
    std::fs::write(world.path("long.wav"), wav(&noise(3600 * 8000), &[])).unwrap();
    let run = world.run(&[
        "verify",
        "--json",
        "-j",
        "1",
        "--timeout",
        "1",
        "long.wav",
        "good.png",
    ]);
    let objects = run.exits(5).json();
    // On a machine that is busy enough the clock is first.
    let limit = objects[0]["limit"].as_str();
    assert!(
        [Some("cpu-time"), Some("wall-time")].contains(&limit),
        "{:#}",
        objects[0]
    );
    assert_eq!(objects[2]["limit-exceeded"], 1, "{:#}", objects[2]);
    let text = world
        .run(&["verify", "--timeout", "1", "long.wav"])
        .exits(2);
    assert!(text.err.contains("limit exceeded"), "{}", text.err);
}

#[test]
fn a_worker_answers_as_this_process_does() {
    let world = World::new();
    world.sample("generated.png");
    world.sample("unmarked.jpg");
    world.run(&["keygen", "-o", "studio"]).exits(0);
    let keys = ["--key", "studio.key"];
    let stamp = ["stamp", "generated.png", "-o", "good.png"];
    world.run(&[&stamp[..], &keys].concat()).exits(0);
    let bytes = std::fs::read(world.path("good.png")).unwrap();
    std::fs::write(world.path("cut.png"), &bytes[..bytes.len() / 2]).unwrap();
    let verify = [
        "verify",
        "good.png",
        "unmarked.jpg",
        "cut.png",
        "absent.png",
        "--require",
        "trusted",
    ];
    for form in [&["--json"][..], &[]] {
        let base = [&verify[..], &keys, form].concat();
        let apart = world.run(&base);
        let here = world.run(&[&base[..], &["--in-process"]].concat());
        assert_eq!(apart.status, here.status);
        assert_eq!(timeless(&apart.out), timeless(&here.out));
        assert_eq!(apart.err, here.err);
    }
    // What is wrong for every file is told once, before any.
    std::fs::write(world.path("no.pem"), "nothing").unwrap();
    let refused = world.run(&["verify", "good.png", "unmarked.jpg", "--trust", "no.pem"]);
    let refused = refused.exits(2);
    assert_eq!(refused.err.matches("error:").count(), 1, "{}", refused.err);
}

fn timeless(text: &str) -> String {
    text.split(',')
        .filter(|part| !part.contains("elapsed_ms"))
        .collect::<Vec<_>>()
        .join(",")
}
