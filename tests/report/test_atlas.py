"""The atlas: everything is on it, it needs nothing else, its pages find each other, and it is light."""

import re

import pytest
from milestone_results import HOSTILE, PICTURES, history, hostile, milestone, result
from pages import Page

from epochal.cli import main
from epochal.core.claim import VERDICTS
from epochal.judge.claim_text import effect
from epochal.milestones import MILESTONES
from epochal.report.atlas import lead, overview, write_atlas
from epochal.report.plates import SAID, plates, tidy


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    milestones, results = history()
    folder = tmp_path_factory.mktemp("atlas")
    assert write_atlas(milestones, results, folder) == folder / "index.html"
    return folder


def pages(folder) -> dict[str, Page]:
    return {file.name: Page(file.read_text(encoding="utf-8")) for file in folder.iterdir()}


def test_a_page_for_each_result_and_no_other(site):
    assert set(pages(site)) == {"index.html", *(f"{name}.html" for name in history()[1])}


def test_every_claim_is_on_the_timeline(site):
    milestones, results = history()
    text = pages(site)["index.html"].text
    for one in milestones:
        for said in (one.title, one.claim, one.published, one.paper, str(one.year)):
            assert said in text
    places = [text.index(f"{one.title} {one.claim}") for one in milestones]
    assert places == sorted(places)
    for verdict in VERDICTS:
        assert SAID[verdict] in text
    assert SAID["not run yet"] in text
    assert "epochal milestone run depth" in text
    flat = re.sub(r"\s+", "", text)
    for found in results.values():
        assert any(re.sub(r"\s+", "", tidy(effect(check))) in flat for check in found.checks)
    assert "trainings at 0.5 of their length" in text
    assert "on photos in place of digits" in text


def test_verdicts_are_told_by_shape_and_word(site):
    html = (site / "index.html").read_text(encoding="utf-8")
    shapes = {
        re.search(rf'class="sign {slug}"[^>]*>(.*?)</svg>', html).group(1)
        for slug in ("confirmed", "refuted", "equivalent", "inconclusive", "not-run-yet")
    }
    assert len(shapes) == 5


def test_lead_counts_from_the_results():
    milestones, results = history()
    told = lead(plates(milestones, results))
    assert told.startswith("Six claims from 1958 to 2015, ")
    for part in (
        "two confirmed, one refuted at this scale, one without a difference that matters, one inconclusive and one not "
        "run yet",
        "8 minutes on A Processor, 2 cores, on 26 November 2026.",
    ):
        assert part in told
    assert "None of them has been run" in lead(plates(milestones, {}))
    assert lead([]) == "There are no milestones yet."
    later = {"relu": result("relu", started="2026-12-02T00:00:00+00:00"), "lenet": result("lenet")}
    assert "between 26 November 2026 and 2 December 2026" in lead(plates(milestones, later))


def test_links_resolve(site):
    found = pages(site)
    for name, page in found.items():
        for link in page.links():
            assert not re.match(r"[a-z]+:|//", link), link
            file, _, place = link.partition("#")
            target = found[file or name]
            assert not place or place in target.names, link
    for one in history()[1]:
        assert f"{one}.html" in found["index.html"].links()
        assert "index.html" in found[f"{one}.html"].links()


def test_neighbours_lead_through_the_history(site):
    found, name, seen = pages(site), "perceptron.html", []
    while name:
        seen.append(name)
        following = [a["href"] for tag, a in found[name].elements if tag == "a" and a.get("rel") == "next"]
        name = following[0] if following else ""
    assert seen == [f"{each}.html" for each in ("perceptron", "lenet", "relu", "dropout", "residual-depth")]


def test_needs_nothing_else(site):
    for file in site.iterdir():
        html = file.read_text(encoding="utf-8")
        style = html[html.index("<style>") : html.index("</style>")]
        assert not re.search(r"url\(|@import|https?:", style)
        page = Page(html)
        assert page.tags().isdisjoint({"link", "iframe", "object", "embed", "base", "form"})
        for tag, attributes in page.elements:
            assert not any(key.startswith("on") for key in attributes), tag
            assert not any(
                re.search(r"https?:|//", value or "") for key, value in attributes.items() if key != "src"
            ), tag
            assert tag != "script" or not attributes
        scripts = [tag for tag, _ in page.elements].count("script")
        assert scripts == (1 if file.name == "index.html" else 0)


def test_everything_is_escaped(tmp_path):
    write_atlas(*hostile(), tmp_path)
    for file in tmp_path.iterdir():
        html = file.read_text(encoding="utf-8")
        assert HOSTILE not in html
        assert "alert('x')" not in html
        assert html.count("<script") == (file.name == "index.html")
        assert HOSTILE in Page(html).text


def test_is_light(tmp_path):
    names = [f"claim-{number}" for number in range(24)]
    milestones = [milestone(name, 1950 + number * 3) for number, name in enumerate(names)]
    shown = list(PICTURES.values())
    results = {name: result(name, pictures=(shown[n % len(shown)],) * 3) for n, name in enumerate(names)}
    index = write_atlas(milestones, results, tmp_path)
    assert index.stat().st_size < 300_000
    assert all(file.stat().st_size < 300_000 for file in tmp_path.iterdir())


def test_without_results_the_timeline_stands(tmp_path):
    milestones, _ = history()
    page = Page(write_atlas(milestones, {}, tmp_path).read_text(encoding="utf-8"))
    assert len(list(tmp_path.iterdir())) == 1
    assert "Nothing has been run yet." in page.text
    Page(write_atlas([], {}, tmp_path).read_text(encoding="utf-8"))


def test_the_map_is_true_to_time():
    milestones, results = history()
    stops = re.findall(
        r'class="stop [^"]*".*?<svg x="([\d.]+)%" y="([\d.]+)"', str(overview(plates(milestones, results)))
    )
    across = [float(place) for place, _ in stops]
    years = [one.year for one in milestones]
    step = (across[-1] - across[0]) / (years[-1] - years[0])
    for place, year in zip(across, years, strict=True):
        assert place == pytest.approx(across[0] + step * (year - years[0]), abs=0.02)
    assert float(stops[4][1]) < float(stops[3][1])  # the second claim of 2012 stands on the first


def test_without_script_there_is_a_tally_and_no_dead_button(site):
    page = pages(site)["index.html"]
    assert "button" not in page.tags()
    assert sum("data-verdict" in a for tag, a in page.elements if tag == "li") == 6 + 5


def test_command_writes_the_atlas(tmp_path, capsys):
    name = next(iter(MILESTONES))
    folder = tmp_path / "results" / name
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(result(name).to_json(), encoding="utf-8")
    assert main(["atlas", str(tmp_path / "results"), "--out", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site" / f"{name}.html").exists()
    assert str(tmp_path / "site" / "index.html") in capsys.readouterr().out


def test_command_says_what_is_missing(tmp_path, capsys):
    assert main(["atlas", str(tmp_path / "nowhere")]) == 2
    assert "expected a folder of results, each in NAME/result.json, and found none" in capsys.readouterr().err
