"""Comparisons of predictions agree with SciPy and scikit-learn, and say what they found in plain words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as oracle

import epochal
from epochal.core.errors import DataError, UserError
from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE
from epochal.study.comparison import Comparison

CLASSES = ("cat", "cow", "dog")


def labelled(count=600, skills=(1.6, 1.0), seeds=1, classes=CLASSES, seed=0):
    """A truth, and for each skill the probabilities of `seeds` trainings, as data frames."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, len(classes), count)
    ids = [f"i{place}" for place in range(count)]
    hard = random.normal(size=(count, len(classes)))
    tools = []
    for skill in skills:
        runs = []
        for _ in range(seeds):
            logits = skill * np.eye(len(classes))[targets] + hard + 0.7 * random.normal(size=hard.shape)
            chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            runs.append(
                pd.DataFrame(chances, columns=list(classes)).assign(id=ids).sample(frac=1, random_state=len(runs))
            )
        tools.append(runs)
    return pd.DataFrame({"id": ids, "label": np.array(classes)[targets]}), tools


def labels_of(frame, classes=CLASSES):
    """Labels in the order of the ids."""
    ordered = frame.assign(place=frame["id"].str[1:].astype(int)).sort_values("place")
    return np.array(classes)[ordered[list(classes)].to_numpy().argmax(axis=1)]


def numbers(count=300, errors=(0.5, 0.8), seeds=1, scale=1.0, seed=0):
    random = np.random.default_rng(seed)
    targets = scale * random.normal(size=count)
    truth = pd.DataFrame({"id": range(count), "price": targets})
    return truth, [
        [
            pd.DataFrame({"id": range(count), "prediction": targets + scale * error * random.normal(size=count)})
            for _ in range(seeds)
        ]
        for error in errors
    ]


def test_scores_are_those_of_scikit_learn():
    truth, ((ours,), (theirs,)) = labelled()
    answers = {"ours": labels_of(ours), "theirs": labels_of(theirs)}
    true = truth["label"].to_numpy()
    peers = {
        "accuracy": oracle.accuracy_score,
        "balanced-accuracy": oracle.balanced_accuracy_score,
        "macro-f1": lambda one, other: oracle.f1_score(one, other, average="macro"),
    }
    for name, peer in peers.items():
        found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric=name)
        for one in found.tools:
            assert one.value == pytest.approx(peer(true, answers[one.name]), abs=1e-12)
            assert one.low < one.value < one.high
    ordered = ours.assign(place=ours["id"].str[1:].astype(int)).sort_values("place")[list(CLASSES)].to_numpy()
    found = epochal.compare(truth, {"ours": ours}, metric="log-loss")
    assert found.tools[0].value == pytest.approx(oracle.log_loss(true, ordered, labels=list(CLASSES)))
    found = epochal.compare(truth, {"ours": ours}, metric="auroc")
    assert found.tools[0].value == pytest.approx(oracle.roc_auc_score(true, ordered, multi_class="ovr"))


def test_one_training_of_each_agrees_with_the_exact_test_of_mcnemar():
    truth, ((ours,), (theirs,)) = labelled(skills=(1.6, 1.4))
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs})
    first, second = (labels_of(one) == truth["label"].to_numpy() for one in (ours, theirs))
    exact = stats.binomtest(int((first & ~second).sum()), int((first != second).sum()))
    assert found.findings[0].p_value == pytest.approx(exact.pvalue, rel=0.3)


@pytest.mark.parametrize("name", ["mcnemar", "t"])
def test_agrees_with_statsmodels(name):
    pytest.importorskip("statsmodels")
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.weightstats import DescrStatsW

    if name == "mcnemar":
        truth, ((ours,), (theirs,)) = labelled(skills=(1.6, 1.4))
        first, second = (labels_of(one) == truth["label"].to_numpy() for one in (ours, theirs))
        table = [[int((first == a).astype(int) @ (second == b)) for b in (True, False)] for a in (True, False)]
        found = epochal.compare(truth, {"ours": ours, "theirs": theirs}).findings[0]
        assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, rel=0.3)
        return
    truth, ((ours,), (theirs,)) = numbers()
    first, second = ((one["prediction"] - truth["price"]).abs() for one in (ours, theirs))
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric="mae").findings[0]
    assert found.interval == pytest.approx(DescrStatsW(second - first).tconfint_mean(0.05), rel=1e-9)


def test_absolute_errors_agree_with_the_paired_t_test():
    truth, ((ours,), (theirs,)) = numbers()
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric="mae")
    first, second = ((one["prediction"] - truth["price"]).abs() for one in (ours, theirs))
    peer = stats.ttest_rel(second, first)
    assert found.findings[0].p_value == pytest.approx(peer.pvalue, rel=1e-6)
    assert found.findings[0].interval == pytest.approx(tuple(peer.confidence_interval()), rel=1e-9)
    assert found.tools[0].value == pytest.approx(first.mean())


def test_the_interval_of_auroc_agrees_with_the_bootstrap():
    truth, ((ours,), (theirs,)) = labelled(400, classes=("no", "yes"))
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric="auroc", positive="yes")
    true = (truth["label"] == "yes").to_numpy()
    first, second = (
        one.assign(place=one["id"].str[1:].astype(int)).sort_values("place")["yes"].to_numpy() for one in (ours, theirs)
    )
    drawn = np.random.default_rng(0).integers(0, 400, size=(400, 400))
    effects = [
        oracle.roc_auc_score(true[rows], second[rows]) - oracle.roc_auc_score(true[rows], first[rows]) for rows in drawn
    ]
    low, high = np.quantile(effects, [0.025, 0.975])
    assert found.findings[0].interval == pytest.approx((low, high), abs=0.15 * (high - low))


def test_verdicts_tiers_and_sentences():
    truth, ((ours,), (near,), (far,)) = labelled(skills=(2.0, 1.9, 0.6))
    found = epochal.compare(truth, {"far": far, "near": near, "ours": ours})
    assert found.best == "ours"
    assert found.tiers == (("ours", "near"), ("far",))
    assert [one.comparisons for one in found.findings] == [3, 3, 3]
    assert found.finding("near", "ours").verdict == CANNOT_TELL
    assert found.finding("ours", "far").verdict == WORSE
    assert found.headline == "ours has the best accuracy, but near cannot be told apart from it on these items."
    unsure, told, least = found.sentences
    assert unsure.startswith("Cannot tell ours from near: ")
    assert "points, 95% interval -" in unsure
    assert unsure.endswith("more items would settle it.")
    assert told.startswith("ours is better than far: ")
    assert told.endswith("corrected for 3 comparisons.")
    assert "between ours and near would be detected 80% of the time." in least
    with pytest.raises(KeyError, match="ours and none"):
        found.finding("ours", "none")


def test_the_text_is_a_table_by_tiers_with_what_was_read():
    truth, ((ours,), (far,)) = labelled(skills=(2.0, 0.6))
    lines = epochal.compare(truth, {"far": far, "ours": ours}).to_text().splitlines()
    assert lines[0] == "ours is better than far by accuracy."
    assert lines[2].split() == ["tier", "tool", "accuracy", "seeds", "items"]
    assert lines[3].split()[:2] == ["1", "ours"]
    assert lines[3].endswith("%" + lines[3].rpartition("%")[2]) and lines[3].split()[-2:] == ["1", "600"]
    assert lines[4] == ""
    assert lines[5].split()[:2] == ["2", "far"]
    assert lines[9:] == [
        "Read: probabilities in 3 columns of ours and far.",
        "Id: column 'id', because it is named like one and is in every file (--id COLUMN).",
        "Task: classes, because column 'label' holds 3 different words.",
        "Metric: accuracy, because none was named (--metric NAME).",
        "Margin: 0.5 points, because none was named (--margin NUMBER).",
    ]


def test_seeds_widen_the_interval_and_are_counted():
    truth, (ours, theirs) = numbers(seeds=3)
    several = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric="rmse")
    assert [one.seeds for one in several.tools] == [3, 3]
    assert several.findings[0].verdict == WORSE
    mixed = epochal.compare(truth, {"ours": ours, "theirs": theirs[0]}, metric="rmse")
    assert mixed.warnings == (
        "theirs has one file only, so intervals do not include what another seed would change there.",
    )
    same = epochal.compare(truth, {"ours": [ours[0], ours[0]]}, metric="rmse")
    assert same.warnings == ("the 2 files of ours hold the same predictions.",)
    again = epochal.compare(truth, {"ours": [ours[0]] * 2, "copy": [ours[0]] * 3}, metric="rmse").findings[0]
    assert (again.effect, again.verdict) == (0, EQUIVALENT)


def test_the_best_number_may_be_the_lowest():
    truth, ((ours,), (theirs,)) = numbers()
    for name, better in (("r2", "higher"), ("mae", "lower"), ("rmse", "lower")):
        found = epochal.compare(truth, {"theirs": theirs, "ours": ours}, metric=name)
        assert (found.best, found.metric.better) == ("ours", better)
        assert found.tiers == (("ours",), ("theirs",))
        assert found.findings[0].verdict == WORSE
        assert (found.findings[0].effect < 0) == (better == "higher")
        sign = "+" if better == "higher" else "-"
        assert f"difference {sign}" in found.sentences[0]


def test_equal_answers_and_answers_within_the_margin():
    truth, ((ours,), (theirs,)) = numbers(errors=(0.5, 0.500001))
    same = epochal.compare(truth, {"ours": ours, "copy": ours})
    assert same.findings[0].verdict == EQUIVALENT
    assert same.headline == "ours has the best R2, but copy is level with it."
    assert same.sentences == ("copy and ours give the same answer to every item.",)
    level = epochal.compare(truth, {"ours": ours, "theirs": theirs}, margin=0.5)
    assert level.findings[0].verdict == EQUIVALENT
    assert level.sentences[0].endswith(", within the margin of 0.5.")
    # The same labels from other probabilities are the same answer where labels are judged, and only there.
    truth, ((ours,), _) = labelled()
    surer = ours.assign(**{one: ours[one] ** 2 for one in CLASSES})
    surer[list(CLASSES)] = surer[list(CLASSES)].div(surer[list(CLASSES)].sum(axis=1), axis=0)
    assert epochal.compare(truth, {"ours": ours, "surer": surer}).findings[0].effect == 0
    assert "same answer" in epochal.compare(truth, {"ours": ours, "surer": surer}).sentences[0]
    assert "same answer" not in epochal.compare(truth, {"ours": ours, "surer": surer}, metric="log-loss").sentences[0]


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e7])
def test_verdict_and_words_do_not_depend_on_the_unit_of_the_numbers(scale):
    truth, ((ours,), (theirs,)) = numbers(scale=scale)
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric="mae")
    assert found.margin == pytest.approx(0.01 * truth["price"].std(ddof=0))
    assert found.findings[0].verdict == WORSE
    told = found.sentences[0].split("difference ")[1].split(",")[0]
    assert float(told.replace(",", "") if scale < 1e7 else found.findings[0].effect) != 0


def test_costs_and_the_positive_class():
    truth, ((ours,), (theirs,)) = labelled(400, classes=("no", "yes"))
    found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, cost="miss=500 alarm=20 positive=yes")
    assert found.metric.options == {"miss": 500.0, "alarm": 20.0, "positive": 1.0}
    called = ours.assign(place=ours["id"].str[1:].astype(int)).sort_values("place")["yes"].to_numpy() >= 20 / 520
    there = (truth["label"] == "yes").to_numpy()
    cost = (500 * (there & ~called) + 20 * (called & ~there)).mean()
    assert {one.name: one.value for one in found.tools}["ours"] == pytest.approx(cost)
    assert "positive class" not in [one.what for one in found.decisions]
    assert "positive class" in [one.what for one in epochal.compare(truth, {"ours": ours}, metric="auroc").decisions]


def test_labels_alone_are_enough_for_metrics_of_labels():
    truth, ((ours,), (theirs,)) = labelled()
    plain = pd.DataFrame({"id": truth["id"], "prediction": labels_of(ours)})
    for name in ("accuracy", "balanced-accuracy", "macro-f1"):
        with_chances = epochal.compare(truth, {"ours": ours, "theirs": theirs}, metric=name)
        with_labels = epochal.compare(truth, {"ours": plain, "theirs": theirs}, metric=name)
        assert with_labels.findings == with_chances.findings
    for name in ("auroc", "average-precision", "log-loss"):
        with pytest.raises(
            DataError,
            match="expected probabilities of every tool; ours gave labels only. Give a column of probabilities for "
            "each class, or choose --metric accuracy, balanced-accuracy or macro-f1.",
        ):
            epochal.compare(truth, {"ours": plain, "theirs": theirs}, metric=name)


def test_a_class_that_the_truth_lacks():
    truth, ((ours,), _) = labelled(100, classes=("no", "yes"))
    plain = pd.DataFrame({"id": truth["id"], "prediction": ["maybe", *labels_of(ours, ("no", "yes"))[1:]]})
    assert epochal.compare(truth, {"ours": plain}).tools[0].value < 1
    with pytest.raises(
        DataError, match="cost an item: expected predictions of no and yes only; some items have another"
    ):
        epochal.compare(truth, {"ours": plain}, cost="miss=5 alarm=2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "bleu"}, "metric: expected, of classes, one of accuracy, .* or of numbers, one of r2, mae, rmse; "
         "got 'bleu'"),
        ({"metric": "mae", "cost": "miss=1 alarm=2"}, r"Expected --metric or --cost; got both \(mae and miss=1 "
         r"alarm=2\)."),
        ({"metric": "cost"}, 'got --metric cost alone. Say it: --cost "miss=500 alarm=20".'),
        ({"metric": "mae", "task": "classes"}, "task: the metric mae is of numbers; got --task classes. Leave one of "
         "them out."),
        ({"metric": "mae"}, "truth: expected a number in each cell of column 'label'; got 'dog' for item i0"),
        ({"margin": 0.5}, r"margin: expected a fraction of 0 or more, below 0.5 \(0.005 is half a point\); got 0.5."),
        ({"margin": float("nan"), "metric": "log-loss"}, "margin: expected 0 or more; got nan."),
        ({"metric": "log-loss", "missing": "wrong"}, "missing: expected refuse or leave-out for log-loss, which is of"),
        ({"metric": "auroc", "positive": "cat"}, "Expected two classes, one of them positive; got 3."),
        ({"positive": "cta"}, "positive: expected one of the classes cat, cow, dog; got 'cta'."),
        ({"cost": "miss=1 alarm=2"}, "Expected two classes, one of them positive; got 3."),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused_in_words(options, message):
    truth, ((ours,), _) = labelled(60)
    truth.loc[0, "label"] = "dog"
    with pytest.raises(UserError, match=message):
        epochal.compare(truth, {"ours": ours}, **options)


def test_numbers_have_no_positive_class():
    truth, ((ours,), _) = numbers(50)
    with pytest.raises(
        UserError, match="positive: expected two classes, and the truth is numbers. Leave out --positive."
    ):
        epochal.compare(truth, {"ours": ours}, positive="dear")


def test_what_scores_leave_unsaid():
    truth, ((ours,), _) = labelled(200, classes=("no", "yes"))
    truth["label"] = np.where(np.arange(200) % 10 == 0, "yes", "no")
    assert epochal.compare(truth, {"ours": ours}).warnings == (
        "always answering no would be right 90.0% of the time, so accuracy says little here: consider --metric "
        "balanced-accuracy.",
    )
    truth, ((ours,), _) = numbers(200)
    assert not epochal.compare(truth, {"ours": ours}, metric="rmse").warnings
    ours.loc[7, "prediction"] += 100
    assert epochal.compare(truth, {"ours": ours}, metric="rmse").warnings == (
        "1 of 200 items hold half of all squared errors of ours, so intervals of RMSE may be too short: consider "
        "--metric mae.",
    )


def test_extreme_numbers_are_scored_without_a_warning():
    truth, ((ours,), _) = numbers(50)
    found = epochal.compare(truth, {"ours": ours, "diverged": ours.assign(prediction=1e29)})
    assert found.best == "ours"
    found = epochal.compare(truth, {"exact": ours.assign(prediction=truth["price"])}, metric="rmse")
    assert (found.tools[0].value, found.warnings) == (0, ())


def test_two_items_are_too_few_and_said_to_be():
    truth = pd.DataFrame({"id": ["a", "b"], "label": ["x", "y"]})
    found = epochal.compare(truth, {"one": truth, "two": pd.DataFrame({"id": ["a", "b"], "prediction": ["x", "x"]})})
    assert found.findings[0].verdict == CANNOT_TELL
    assert found.sentences[-1] == "With so few items or seeds, no difference could be detected reliably."


def test_the_record_goes_to_json_and_back():
    for truth, (ours, theirs), options in (
        (*labelled(seeds=2), {}),
        (*numbers(), {"metric": "mae"}),
    ):
        found = epochal.compare(truth, {"ours": ours, "theirs": theirs}, **options)
        again = Comparison.from_json(found.to_json())
        assert again == found
        assert again.to_text() == found.to_text()


def test_a_notebook_and_a_frame_show_the_same():
    truth, ((ours,), (theirs,)) = labelled(skills=(2.0, 0.6))
    found = epochal.compare(truth, {"<ours>": ours, "theirs": theirs})
    page = found._repr_html_()
    assert "<td>&lt;ours&gt;</td>" in page and "<ours>" not in page
    assert found.headline.replace("<", "&lt;").replace(">", "&gt;") in page
    frame = found.to_frame()
    assert frame.columns.tolist() == ["tool", "tier", "value", "low", "high", "seeds", "items"]
    assert frame["tool"].tolist() == ["<ours>", "theirs"]
    assert frame["tier"].tolist() == [1, 2]


def test_equal_tools_are_rarely_called_better():
    """Five equal tools, all pairs corrected together: whichever happens to be the best, a verdict is rare."""
    called = 0
    for seed in range(60):
        truth, tools = labelled(120, skills=(1.0,) * 4, seed=seed)
        found = epochal.compare(truth, dict(zip("abcd", tools, strict=True)))
        called += any(one.verdict in (BETTER, WORSE) for one in found.findings)
    assert called <= 60 * 0.05 + 3 * np.sqrt(60 * 0.05 * 0.95)


def test_the_nearest_metric_is_told():
    with pytest.raises(
        UserError, match=r"got 'acuracy'\. Did you mean accuracy\? For the costs of mistakes use --cost"
    ):
        epochal.compare("truth.csv", "ours.csv", metric="acuracy")
