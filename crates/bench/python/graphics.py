"""Pictures that are not photographs: charts, drawings, text, interfaces.

    python3 graphics.py FOLDER [--browser chromium]

writes twelve PNGs of 640 to 1280 pixels into FOLDER, drawn from a fixed seed and rendered by a headless Chromium, with
white or flat backgrounds, thin lines and text. They are what `filigrane bench image` measures graphics with. Fonts are
the system's, so figures differ a little from machine to machine.
"""

import argparse
import math
import pathlib
import random
import subprocess
import tempfile

COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"]
WORDS = (
    "the quick provenance of pictures generated marks manifest signed durable content credentials newsroom editor verify "
    "upload platform synthetic media law article code practice watermark invisible"
).split()


def sentence(words: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(words)).capitalize() + "."


def page(style: str, body: str) -> str:
    return f'<body style="{style}">{body}'


def drawing(width: int, height: int, shapes: str) -> tuple[int, int, str]:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width={width} height={height} font-family=sans-serif>{shapes}</svg>'
    return width, height, page("margin:0;background:#fff", svg)


def text() -> tuple[int, int, str]:
    paragraphs = "".join(f"<p>{sentence(70)}</p>" for _ in range(8))
    style = "font:17px/1.5 serif;margin:50px;background:#fff;color:#111"
    return 900, 1100, page(style, f"<h1>{sentence(4)}</h1>{paragraphs}")


def table() -> tuple[int, int, str]:
    def row() -> str:
        return "<tr>" + "".join(f"<td>{random.randint(1, 9999)}</td>" for _ in range(9)) + "</tr>"

    rows = "".join(row() for _ in range(18))
    style = "font:14px/1.4 sans-serif;margin:30px;background:#fff;color:#333"
    table = f'<table border=1 cellpadding=6 style="border-collapse:collapse">{rows}</table>'
    return 1024, 768, page(style, f"<h2>{sentence(4)}</h2>{table}")


def code() -> tuple[int, int, str]:
    def line() -> str:
        indent, name = " " * random.choice([0, 4, 4, 8]), f"{random.choice(WORDS)}_{random.choice(WORDS)}"
        keyword, string = '<span style="color:#569cd6">let</span>', f'<span style="color:#ce9178">"{sentence(4)}"</span>'
        return f"{indent}{keyword} {name} = {string};"

    style = "font:15px/1.5 monospace;margin:20px;background:#1e1e1e;color:#d4d4d4"
    return 1000, 700, page(style, "<pre>" + "\n".join(line() for _ in range(28)))


def bars() -> tuple[int, int, str]:
    shapes = '<path d="M70 40V562H880" fill=none stroke=#000 stroke-width=2 /><text x=300 y=30 font-size=22>Per quarter</text>'
    for i in range(11):
        height, x = random.randint(60, 480), 80 + i * 70
        shapes += f'<rect x={x} y={560 - height} width=46 height={height} fill="{COLOURS[i % 5]}"/>'
        shapes += f"<text x={x + 5} y=585 font-size=14>Q{i}</text>"
    return drawing(900, 620, shapes)


def curves() -> tuple[int, int, str]:
    shapes = "".join(f'<path d="M70 {60 + i * 50}H880" stroke="#ddd"/>' for i in range(11))
    for colour in COLOURS[:4]:
        y, points = 300.0, []
        for i in range(80):
            y = max(60.0, min(560.0, y + random.uniform(-18, 18)))
            points.append(f"{80 + i * 10},{y:.1f}")
        shapes += f'<polyline points="{" ".join(points)}" fill=none stroke="{colour}" stroke-width=2 />'
    return drawing(900, 620, shapes + '<path d="M70 40V562H880" fill=none stroke=#000 />')


def pie() -> tuple[int, int, str]:
    shapes, start = "", 0.0
    for colour, share in zip(COLOURS, [0.3, 0.22, 0.18, 0.16, 0.14]):
        end = start + share * 2 * math.pi
        (x1, y1), (x2, y2) = ((400 + 260 * math.cos(a), 320 + 260 * math.sin(a)) for a in (start, end))
        shapes += f'<path d="M400 320L{x1:.1f} {y1:.1f}A260 260 0 0 1 {x2:.1f} {y2:.1f}Z" fill="{colour}"/>'
        start = end
    return drawing(800, 640, shapes)


def strokes() -> tuple[int, int, str]:
    def point(reach: int) -> str:
        return f"{random.randint(-reach, reach)} {random.randint(-reach, reach)}"

    shapes = ""
    for _ in range(60):
        path = f"M{random.randint(40, 760)} {random.randint(40, 560)}c{point(90)} {point(90)} {point(120)}"
        shapes += f'<path d="{path}" fill=none stroke=#000 stroke-width={random.choice([1, 2, 3])} />'
    for _ in range(8):
        center = f"cx={random.randint(80, 720)} cy={random.randint(80, 520)}"
        shapes += f"<circle {center} r={random.randint(15, 80)} fill=none stroke=#000 stroke-width=2 />"
    return drawing(800, 600, shapes)


def plan() -> tuple[int, int, str]:
    shapes = ""
    for _ in range(40):
        x, y = random.randint(0, 700), random.randint(0, 500)
        size = f"width={random.randint(20, 160)} height={random.randint(20, 120)}"
        shapes += f'<rect x={x} y={y} {size} fill=none stroke="#222" stroke-width=1.5 />'
        shapes += f'<path d="M{x} {y}l{random.randint(30, 150)} {random.randint(-60, 60)}" stroke="#222"/>'
    return drawing(768, 576, shapes)


def cartoon() -> tuple[int, int, str]:
    shapes = '<rect width=1024 height=1024 fill="#8ecae6"/><circle cx=760 cy=240 r=120 fill="#ffb703"/>'
    shapes += '<path d="M0 700Q300 500 600 720T1024 640V1024H0Z" fill="#219ebc"/>'
    shapes += '<path d="M0 820Q360 700 700 850T1024 800V1024H0Z" fill="#023047"/>'
    shapes += '<circle cx=330 cy=640 r=150 fill="#fb8500"/><circle cx=280 cy=610 r=18 /><circle cx=380 cy=610 r=18 />'
    return drawing(1024, 1024, shapes + '<path d="M270 700Q330 750 390 700" stroke=#000 stroke-width=10 fill=none />')


def logo() -> tuple[int, int, str]:
    shapes = '<circle cx=320 cy=280 r=160 fill="#e63946"/><rect x=240 y=200 width=160 height=160 fill="#fff"/>'
    return drawing(640, 640, shapes + "<text x=150 y=560 font-size=80 font-weight=bold>filigree</text>")


def slide() -> tuple[int, int, str]:
    title = f'<div style="background:#003566;color:#fff;padding:30px;font-size:44px">{sentence(5)}</div>'
    items = "".join(f'<li style="margin:28px">{sentence(8)}</li>' for _ in range(6))
    return 1280, 720, page("margin:0;background:#fff;font:28px sans-serif", f"{title}<ul>{items}")


def interface() -> tuple[int, int, str]:
    def card() -> str:
        style = "background:#fff;border-radius:8px;box-shadow:0 1px 4px #0003;margin:10px;padding:20px;width:220px"
        return f'<div style="{style}"><b>{random.randint(100, 9999)}</b><p style="color:#666">{sentence(6)}</p></div>'

    bar = '<div style="background:#fff;border-bottom:1px solid #ddd;padding:16px">Dashboard</div>'
    cards = "".join(card() for _ in range(12))
    body = f'{bar}<div style="display:flex;flex-wrap:wrap;padding:20px">{cards}</div>'
    return 1200, 800, page("margin:0;font:15px sans-serif;background:#f3f4f6", body)


PAGES = [text, table, code, bars, curves, pie, strokes, plan, cartoon, logo, slide, interface]


def render(browser: str, width: int, height: int, body: str, target: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "page.html")
        source.write_text("<!doctype html><meta charset=utf-8>" + body, encoding="utf-8")
        options = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars"
        places = [f"--user-data-dir={folder}/data", f"--screenshot={target}", f"--window-size={width},{height}"]
        command = [browser, *options.split(), *places, source.as_uri()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws charts, drawings, text and interfaces as PNGs.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--browser", default="chromium")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for draw in PAGES:
        random.seed(draw.__name__)
        width, height, body = draw()
        render(arguments.browser, width, height, body, (arguments.folder / f"{draw.__name__}.png").resolve())


if __name__ == "__main__":
    main()
