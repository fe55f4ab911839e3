"""Predictions are joined to the truth by id, never by order; whatever does not fit is named."""

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError, UserError
from epochal.data.predictions import join

IDS = [f"i{place}" for place in range(8)]
LABELS = ["cat", "dog", "cow", "cat", "dog", "cow", "cat", "dog"]
TRUTH = pd.DataFrame({"id": IDS, "label": LABELS})
ANSWERS = pd.DataFrame({"id": IDS, "prediction": ["cat", "cat", "cow", "cat", "dog", "dog", "cat", "dog"]})
CHANCES = np.array([[0.7, 0.2, 0.1]] * 4 + [[0.1, 0.3, 0.6]] * 4)  # of cat, cow and dog: in the order of classes
PROBABILITIES = pd.DataFrame({"id": IDS, "dog": CHANCES[:, 2], "cat": CHANCES[:, 0], "cow": CHANCES[:, 1]})
SECONDS = pd.DataFrame({"id": IDS, "seconds": [1.5, 2.25, 3.0, 4.0, 5.5, 6.0, 7.0, 8.25]})
GUESSES = pd.DataFrame({"id": IDS, "prediction": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]})
TWO = pd.DataFrame({"id": IDS, "churn": ["yes", "no"] * 4})
SCORES = pd.DataFrame({"id": IDS, "score": [0.9, 0.2, 0.4, 0.1, 0.8, 0.3, 0.7, 0.5]})


def values(truth, predictions, **options):
    """Of the one tool and its one seed."""
    return joined(truth, predictions, **options).tools[0].predictions(0)


def joined(truth, predictions, **options):
    return join(truth, {"ours": [predictions]}, **options)


def changed(frame, column, cells):
    """With other cells, by the id of the row."""
    cells_of = frame.astype({column: object}).set_index("id")
    for name, cell in cells.items():
        cells_of.loc[name, column] = cell
    return cells_of.reset_index()


def test_labels_probabilities_and_numbers():
    found = joined(TRUTH, ANSWERS)
    assert found.truth.classes == ("cat", "cow", "dog")
    assert found.truth.targets.tolist() == [0, 2, 1, 0, 2, 1, 0, 2]
    assert found.tools[0].form == "labels"
    assert found.tools[0].predictions(0).shape == (8, 3)
    assert found.tools[0].predictions(0).argmax(axis=1).tolist() == [0, 0, 1, 0, 2, 2, 0, 2]
    np.testing.assert_allclose(values(TRUTH, PROBABILITIES), CHANCES)
    assert joined(TRUTH, PROBABILITIES).tools[0].form == "probabilities"
    assert joined(SECONDS, GUESSES).tools[0].form == "numbers"
    np.testing.assert_array_equal(values(SECONDS, GUESSES), GUESSES["prediction"])


@pytest.mark.parametrize(("truth", "predictions"), [(TRUTH, ANSWERS), (TRUTH, PROBABILITIES), (SECONDS, GUESSES)])
def test_the_order_of_rows_and_columns_means_nothing(truth, predictions):
    shuffled = predictions.sample(frac=1, random_state=0)[list(reversed(predictions.columns))]
    assert shuffled["id"].tolist() != IDS
    np.testing.assert_array_equal(values(truth, shuffled), values(truth, predictions))
    other = joined(truth.iloc[::-1], shuffled)
    assert other.truth.ids == tuple(reversed(IDS))
    np.testing.assert_array_equal(other.tools[0].predictions(0), values(truth, predictions)[::-1])


@pytest.mark.parametrize("name", ["p({})", "p_{}", "prob_{}", "Probability({})", "proba {}"])
def test_columns_are_named_by_the_class_or_as_probability_of_it(name):
    named = PROBABILITIES.rename(columns={one: name.format(one) for one in ("cat", "cow", "dog")})
    np.testing.assert_allclose(values(TRUTH, named), CHANCES)


def test_what_predict_writes_can_be_compared():
    """The columns of `epochal predict --out`: label, probability and error beside the probabilities of the classes."""
    written = PROBABILITIES.rename(columns={one: f"p({one})" for one in ("cat", "cow", "dog")})
    written = written.assign(label="cat", probability=0.7, error="")
    found = joined(TRUTH, written)
    np.testing.assert_allclose(found.tools[0].predictions(0), CHANCES)
    assert found.warnings == (
        "ours: 4 labels of column 'label' are not the most probable class. The probabilities are used; to use the "
        "labels, say --prediction label.",
    )
    assert joined(TRUTH, written, prediction="label").tools[0].form == "labels"


def test_whole_numbers_are_one_class_however_they_are_written():
    truth = pd.DataFrame({"id": [1, 2, 3, 4], "label": [0, 1, 1, 0]})
    read = pd.DataFrame({"id": ["1.0", "2.0", "3.0", "4.0"], "label": ["0.0", "1.0", "0.0", "0.0"]})
    assert values(truth, read).argmax(axis=1).tolist() == [0, 1, 0, 0]
    columns = pd.DataFrame({"id": [1, 2, 3, 4], 0: [0.9, 0.1, 0.6, 0.5], 1.0: [0.1, 0.9, 0.4, 0.5]})
    assert values(truth, columns)[:, 1].tolist() == [0.1, 0.9, 0.4, 0.5]


def test_one_column_is_enough_of_two_classes():
    chances = SCORES["score"]
    by_name = values(TWO, SCORES.rename(columns={"score": "p(yes)"}))
    np.testing.assert_allclose(by_name, np.column_stack([1 - chances, chances]))
    by_option = joined(TWO, SCORES, positive="no")
    np.testing.assert_allclose(by_option.tools[0].predictions(0), np.column_stack([chances, 1 - chances]))
    assert "ours: column 'score' is read as the probability of class no." in by_option.warnings
    numbered = TWO.assign(churn=[1, 0] * 4)
    np.testing.assert_allclose(values(numbered, SCORES)[:, 1], chances)
    with pytest.raises(
        DataError,
        match="ours: expected labels, or the probability of a known class; column 'score' holds numbers from 0 to 1. "
        "Say of which class with --positive no or --positive yes, or name the column by the class.",
    ):
        joined(TWO, SCORES)
    with pytest.raises(UserError, match="positive: expected one of the classes no, yes; got 'maybe'."):
        joined(TWO, SCORES, positive="maybe")


@pytest.mark.parametrize(
    ("truth", "predictions", "column"),
    [
        (TRUTH, ANSWERS, "id"),
        (TRUTH.rename(columns={"id": "PassengerId"}), ANSWERS.rename(columns={"id": "PassengerId"}), "PassengerId"),
        (TRUTH.rename(columns={"id": "one"}), ANSWERS.rename(columns={"id": "one"}), "one"),
        (TRUTH.assign(ward=1), ANSWERS.assign(ward=1), "id"),
        (  # of two columns in both files, only one tells the items apart
            TRUTH.rename(columns={"id": "one"}).assign(ward=1),
            ANSWERS.rename(columns={"id": "one"}).assign(ward=1),
            "one",
        ),
    ],
)
def test_the_column_of_ids_is_found_and_said(truth, predictions, column):
    found = joined(truth, predictions)
    assert found.truth.id == column
    assert found.decisions[0].chosen == f"column {column!r}"
    assert found.decisions[0].override == "--id COLUMN"


def test_no_common_column_is_refused_with_what_to_do():
    with pytest.raises(
        DataError,
        match="Expected a column of ids that truth and every file of predictions have; found none. truth has the "
        "columns id, label; ours has key, prediction. Items are joined by id, never by their order: add a column of "
        "ids with the same name to every file, with a header in the first line.",
    ):
        joined(TRUTH, ANSWERS.rename(columns={"id": "key"}))
    rows = pd.DataFrame({"": range(8), "label": LABELS}), pd.DataFrame({"": range(8), "prediction": LABELS})
    with pytest.raises(
        DataError, match="the first column has no name: if it holds ids and not the numbers of the rows"
    ):
        joined(*rows)
    with pytest.raises(
        DataError, match="Expected one column of ids; one, two are in every file, and any of them may be it."
    ):
        joined(
            TRUTH.rename(columns={"id": "one"}).assign(two=IDS), ANSWERS.rename(columns={"id": "one"}).assign(two=IDS)
        )
    with pytest.raises(DataError, match=r"ours has no column 'label' \(--id\). Its columns are: id, prediction."):
        joined(TRUTH, ANSWERS, id="label")


@pytest.mark.parametrize(
    ("cells", "task", "why"),
    [
        (LABELS, "classes", "column 'label' holds 3 different words"),
        ([1, 2, 3, 1, 2, 3, 1, 2], "classes", "column 'label' holds 3 whole numbers from 1 to 3"),
        ([1.5, 2.5, 3.5, 1.25, 2, 3, 4, 5], "numbers", "8 different numbers from 1.25 to 5, with fractions"),
        ([0.5, 1, 0.5, 1, 0.5, 1, 0.5, 1], "classes", "column 'label' holds only 2 different numbers from 0.5 to 1"),
    ],
)
def test_the_task_is_told_from_the_truth_and_said(cells, task, why):
    found = joined(TRUTH.assign(label=cells), ANSWERS.assign(prediction=cells))
    assert found.truth.task == task
    said = found.decisions[-1]
    assert (said.what, said.chosen) == ("task", task)
    assert why in said.why


def test_many_whole_numbers_are_numbers_unless_there_are_items_of_each():
    def task(cells):
        frame = pd.DataFrame({"id": range(len(cells)), "label": cells})
        return joined(frame, frame.rename(columns={"label": "prediction"})).truth.task

    assert task([place % 50 for place in range(500)]) == "classes"
    assert task([place % 150 for place in range(300)]) == "numbers"
    assert task([1000 * (place % 50) for place in range(500)]) == "numbers"


def test_whole_numbers_of_which_fractions_are_predicted_are_numbers():
    truth = TRUTH.assign(label=[1, 2, 3, 1, 2, 3, 1, 2])
    guesses = ANSWERS.assign(prediction=[1.25, 2, 3, 1, 2, 3, 1, 2])
    found = joined(truth, guesses)
    assert found.truth.task == "numbers"
    assert found.decisions[-1].why == "column 'label' holds whole numbers, and ours predicts fractions such as 1.25"
    with pytest.raises(
        DataError, match="expected one of the 3 classes in column 'prediction'; got numbers such as 1.25"
    ):
        joined(truth, guesses, task="classes")


def test_words_for_nothing_among_numbers_are_missing():
    truth = pd.DataFrame({"id": IDS, "seconds": [*map(str, SECONDS["seconds"][:-1]), "NA"]})
    found = joined(truth, GUESSES)
    assert found.truth.ids == tuple(IDS[:-1])
    assert found.warnings == ("truth: left out 1 item without a label in column 'seconds' (i7).",)


@pytest.mark.parametrize(
    ("truth", "predictions", "message"),
    [
        (TRUTH.assign(label="cat"), ANSWERS, "truth: expected items of two classes or more; all 8 items of column "
         "'label' are 'cat'. Add items of other classes, or name another column with --label."),
        (TRUTH.rename(columns={"label": "a"}).assign(b=1), ANSWERS, "expected a column with the true label or number "
         "of each item; none of its columns is named like one. Its columns are: id, a, b. Name it with --label "
         "COLUMN."),
        (pd.concat([TRUTH, pd.DataFrame({"id": ["i0"], "label": ["dog"]})]), ANSWERS, r"truth: expected one row for "
         r"each id; 1 id stands more than once with different labels \(i0\). Keep one row of each, or name another"),
        (TRUTH.iloc[:1], ANSWERS, "truth: expected two items or more with an id in column 'id' and a label in column "
         "'label'; found 1."),
        (TRUTH, ANSWERS.assign(id=[f"x{one}" for one in IDS]), "ours: expected predictions of the items in truth; none "
         "of its ids is there. Column 'id' holds xi0, xi1, xi2 and 5 more here, and i0, i1, i2 and 5 more there. If "
         "these are the same items, write their ids in the same way; else give the predictions that belong to this "
         "truth."),
        (TRUTH, pd.concat([ANSWERS, pd.DataFrame({"id": ["i1", "i2"], "prediction": ["dog", "cow"]})]), r"ours: "
         r"expected one row for each item; 1 item has more than one, with different predictions \(i1\). Keep one row "
         r"of each. If they are seeds, give each seed a file of its own: NAME=FIRST,SECOND."),
        (TRUTH, ANSWERS.iloc[:-2], r"Expected a prediction for every item of truth; ours has no prediction for 2 of 8 "
         r"items \(i6, i7\). Add them, or say --missing leave-out to compare all tools on the items that all of them "
         r"predicted, or --missing wrong to count them as wrong."),
        (TRUTH, ANSWERS.assign(id=[*IDS[:2], *(f"x{one}" for one in IDS[2:])]), r"ours has no prediction for 6 of 8 "
         r"items \(i2, i3, i4 and 3 more\). .* Also: ours: left out 6 items not in truth \(xi2, xi3, xi4 and 3 "
         r"more\).$"),
        (TRUTH, pd.concat([ANSWERS, ANSWERS[["id"]]], axis=1), "ours has 2 columns 'id': give one of them another "
         "name."),
        (TRUTH.assign(label=pd.date_range("2026", periods=8)), ANSWERS, "ours: expected classes of the truth in column "
         "'prediction'"),
        (SECONDS, GUESSES.iloc[:-2], "on the items that all of them predicted.$"),
        (TRUTH, ANSWERS.assign(prediction=["Cat", *ANSWERS["prediction"][1:]]), "ours: expected a class of the truth "
         "in column 'prediction'; got 'Cat', and the truth has 'cat'. Classes are matched letter by letter: write them "
         "in the"),
        (TRUTH, ANSWERS.assign(prediction=["0", "1"] * 4), r"ours: expected classes of the truth in column "
         r"'prediction' \(cat, cow, dog\); got 0, 1. Name the column of predicted labels with --prediction, or write "
         r"the classes as in"),
        (TRUTH, ANSWERS.rename(columns={"prediction": "a"}).assign(b=1), "ours: expected predicted labels, or columns "
         "of probabilities named by the classes; none of its columns is named so. Its columns are: id, a, b. Name the "
         "column"),
        (TRUTH, ANSWERS.assign(prediction=""), "ours: expected predictions in column 'prediction'; all cells are "
         "empty. Name another column with --prediction."),
        (TRUTH, changed(PROBABILITIES, "dog", {"i2": -0.25}), r"ours: expected probabilities from 0 to 1 in column "
         r"'dog'; got -0.25 for item i2. Turn scores into probabilities by softmax, and divide per cent by 100."),
        (TRUTH, changed(PROBABILITIES, "dog", {"i2": np.nan}), r"ours: expected a probability for every class; 1 item "
         r"has some only \(i2\). Fill the empty cells, or empty the others of these rows."),
        (TRUTH, changed(PROBABILITIES, "dog", {"i2": 0.5}), r"ours: expected probabilities that sum to one over "
         r"columns dog, cat, cow; those of item i2 sum to 1.4. Give one column for each class, named by it, and "
         r"divide"),
        (TRUTH, PROBABILITIES.drop(columns="cow"), r"sum to 0.8 \(8 such items\). There is no column for cow. Give "
         r"one"),
        (TRUTH, changed(PROBABILITIES, "dog", {"i2": "much"}), "ours: expected a probability from 0 to 1 in each cell "
         "of column 'dog'; got 'much' for item i2. Correct or empty these cells"),
        (TRUTH, PROBABILITIES.assign(**{"p(cat)": 0.1}), r"expected one column of probabilities for class 'cat'; got "
         r"'cat' and 'p\(cat\)'. Take one of them out."),
        (SECONDS.assign(seconds=2.5), GUESSES, "truth: expected items of two classes or more; all 8 items"),
        (SECONDS, changed(GUESSES, "prediction", {"i3": "soon"}), "ours: expected a number in each cell of column "
         "'prediction'; got 'soon' for item i3. Correct or empty these cells, or name another column."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words(truth, predictions, message):
    with pytest.raises(DataError, match=message):
        joined(truth, predictions)


def test_options_that_make_no_sense_are_refused_in_words():
    with pytest.raises(UserError, match="Expected the predictions of one tool or more; got none."):
        join(TRUTH, {})
    with pytest.raises(UserError, match="Expected one file of predictions or more of each tool; got none of ours."):
        join(TRUTH, {"ours": []})
    with pytest.raises(UserError, match="missing: expected one of refuse, leave-out, wrong; got 'ignore'."):
        joined(TRUTH, ANSWERS, missing="ignore")
    with pytest.raises(
        UserError, match="missing: expected refuse or leave-out for numbers, which are not right or wrong"
    ):
        joined(SECONDS, GUESSES, missing="wrong")
    with pytest.raises(UserError, match="task: expected classes or numbers; got 'ranks'."):
        joined(TRUTH, ANSWERS, task="ranks")
    with pytest.raises(DataError, match="truth: column 'id' cannot hold both the ids and the labels."):
        joined(TRUTH, ANSWERS, id="id", label="id")
    with pytest.raises(DataError, match="truth: expected numbers that differ in column 'seconds'; all are 2.5."):
        joined(SECONDS.assign(seconds=2.5), GUESSES, task="numbers")
    with pytest.raises(DataError, match="look like names of the items, not like classes"):
        names = pd.DataFrame({"id": range(50), "comment": [f"word {place}" for place in range(50)]})
        joined(names, names.rename(columns={"comment": "prediction"}))


def test_what_is_left_out_is_said():
    truth = pd.concat([TRUTH, TRUTH.iloc[:1], pd.DataFrame({"id": ["i8", ""], "label": ["", "cat"]})])
    more = pd.concat(
        [ANSWERS, ANSWERS.iloc[1:2], pd.DataFrame({"id": ["i8", "x", "y", ""], "prediction": ["cat"] * 4})]
    )
    found = joined(truth, more)
    assert found.truth.ids == tuple(IDS)
    np.testing.assert_array_equal(found.tools[0].predictions(0), values(TRUTH, ANSWERS))
    assert found.warnings == (
        "truth: left out 1 row without an id in column 'id'.",
        "truth: left out 1 item without a label in column 'label' (i8).",
        "truth: 1 id stands more than once with the same label (i0); each is used once.",
        "ours: left out 1 row without an id in column 'id'.",
        "ours: left out 2 items not in truth (x, y).",
        "ours: 1 item stands more than once, with the same prediction (i1); each is used once.",
    )


def test_missing_predictions_are_left_out_for_all_tools_or_wrong():
    tools = {"ours": [ANSWERS.iloc[:-1]], "theirs": [PROBABILITIES.iloc[1:]]}
    found = join(TRUTH, tools, missing="leave-out")
    assert found.truth.ids == tuple(IDS[1:-1])
    np.testing.assert_allclose(found.tools[1].predictions(0), CHANCES[1:-1])
    assert found.warnings == (
        "ours has no prediction for 1 of 8 items (i7).",
        "theirs has no prediction for 1 of 8 items (i0).",
        "All tools are compared on the 6 items that every one of them predicted. This flatters a tool that leaves out "
        "hard items.",
    )
    found = join(TRUTH, tools, missing="wrong")
    assert found.truth.ids == tuple(IDS)
    assert found.tools[0].predictions(0).argmax(axis=1).tolist() == [0, 0, 1, 0, 2, 2, 0, 3]
    assert found.tools[1].predictions(0)[0].tolist() == [0, 0, 0, 1]
    assert found.warnings[0] == "ours has no prediction for 1 of 8 items (i7); they count as wrong."
    with pytest.raises(DataError, match="Expected two items or more that every tool predicted; found 1. ours has no"):
        join(TRUTH, {"ours": [ANSWERS.iloc[:4]], "theirs": [PROBABILITIES.iloc[3:]]}, missing="leave-out")
    with pytest.raises(
        DataError, match="Expected items of two classes or more that every tool predicted; all 2 are of one"
    ):
        join(TRUTH, {"ours": [ANSWERS.iloc[[0, 3]]]}, missing="leave-out")


def test_classes_of_marks_alone_are_not_taken_for_one_another():
    truth = TRUTH.assign(label=["+", "-"] * 4)
    assert values(truth, ANSWERS.assign(prediction=["+", "?", *["-"] * 6])).argmax(axis=1).tolist() == [0, 2, *[1] * 6]


def test_classes_that_the_truth_lacks():
    found = joined(TRUTH, changed(ANSWERS, "prediction", {"i1": "bird"}))
    assert found.tools[0].predictions(0).shape == (8, 4)
    assert found.tools[0].predictions(0)[1].tolist() == [0, 0, 0, 1]
    assert found.warnings == ("ours: 1 prediction is no class of the truth (bird): counted as wrong.",)
    for name in ("bird", "p(bird)"):
        more = PROBABILITIES.assign(**{one: 0.9 * PROBABILITIES[one] for one in ("cat", "cow", "dog")}, **{name: 0.1})
        np.testing.assert_allclose(values(TRUTH, more), np.column_stack([0.9 * CHANCES, np.full(8, 0.1)]))
    fewer = PROBABILITIES.drop(columns="cow").assign(cat=0.25, dog=0.75)
    found = joined(TRUTH, fewer)
    assert (found.tools[0].predictions(0) == [0.25, 0, 0.75]).all()
    assert found.warnings == ("ours: it has no column for cow, whose probability counts as zero.",)


def test_numbers_that_are_no_probabilities_stay_out():
    np.testing.assert_allclose(values(TRUTH, PROBABILITIES.assign(seconds=0.5, rank=range(8))), CHANCES)


def test_rounded_probabilities_are_scaled_to_one():
    rounded = PROBABILITIES.assign(cat=PROBABILITIES["cat"] + 0.004)
    np.testing.assert_allclose(values(TRUTH, rounded).sum(axis=1), 1, atol=1e-12)


def test_a_copy_of_the_truth_is_pointed_out():
    found = joined(TRUTH, TRUTH.assign(model=ANSWERS["prediction"]))
    assert found.warnings == (
        "ours: column 'label' agrees with the truth on every item. If it is a copy of the truth, name the column of "
        "predictions with --prediction.",
    )
    assert not joined(TRUTH, TRUTH.assign(model=ANSWERS["prediction"]), prediction="model").warnings


def test_seeds_are_rows():
    found = join(TRUTH, {"ours": [ANSWERS, PROBABILITIES], "theirs": [PROBABILITIES]})
    assert [len(tool.runs) for tool in found.tools] == [2, 1]
    np.testing.assert_allclose(found.tools[0].predictions(1), CHANCES)
    assert [tool.form for tool in found.tools] == ["labels", "probabilities"]


def test_ids_that_lost_their_leading_zeros_are_named():
    truth = pd.DataFrame({"id": [f"{place:03d}" for place in range(6, 14)], "label": LABELS})
    predictions = pd.DataFrame({"id": range(6, 14), "prediction": LABELS})
    for rows in (predictions, pd.concat([predictions, truth.rename(columns={"label": "prediction"}).iloc[4:]])):
        with pytest.raises(DataError) as found:
            join(truth, {"ours": [rows]})
        assert "leading zeros only, such as '6' here and '006' there. A program took ids for numbers: write" in str(
            found.value
        )
    with pytest.raises(DataError, match="ours: expected ids as truth has them; 8 ids differ in leading zeros only"):
        join(truth, {"ours": [predictions]})


def test_the_nearest_column_and_ids_named_in_other_letters_are_told():
    with pytest.raises(DataError, match=r"truth has no column 'lable' \(--label\). Did you mean 'label'\? Its columns"):
        join(TRUTH, {"ours": [ANSWERS]}, label="lable")
    with pytest.raises(
        DataError, match="found 'id' in truth and 'ID' in ours. Items are joined by id: give the column"
    ):
        join(TRUTH, {"ours": [ANSWERS.rename(columns={"id": "ID"})]})
