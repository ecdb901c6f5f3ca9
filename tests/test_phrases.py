"""Sentences that were false stay away: each pattern, why it is false, and a search through all that a reader sees.

Searched are the book's pages, the README, the profiles, the explorer, and every text of the library and the notebooks:
a table that a page renders is made of these. Whoever mends a false sentence adds its pattern here.
"""

import ast
import json
import re

import pytest
from laws import ROOT

FALSE = (
    # (pattern, why it is false, an example that it must find)
    (
        r"\\tag\{2, 3\}|eq\. 1-3\b",
        "the paper's eq. 2 is the regularised problem that CS solves and its eq. 3 the plain training loss",
        r"x_u = F^{-1}\{y_u\} \tag{2, 3}",
    ),
    (
        r"does not state the batch of its fine-tuning",
        "the paper says 'identical parameters' apart from rate and epochs, so a batch of 50 is a fair reading",
        "The paper does not state the batch of its fine-tuning; this is open.",
    ),
    (
        r"takes far longer|at least ten times as long",
        "the paper says only that a network is computationally more efficient than iterative CS",
        "23 ms on one GPU, compressed sensing takes far longer.",
    ),
    (
        r"one Titan X",
        "the paper names two Titan X cards",
        "an image on one Titan X Pascal",
    ),
    (
        r"never on (the )?test(?! slices of other)('s| subjects)",
        "early looks at test slices fixed which rates and crops were tried at all",
        "chosen on training subjects, never on test subjects.",
    ),
    (
        r"two-core laptop|real images at half resolution",
        "the records name two cores of server processors, and only the photographs are halved",
        "The paper's network and its counts on real images at half resolution, trained on a two-core laptop.",
    ),
    (
        r"the notebook of every run",
        "runs that went through the library directly have no notebook, the largest trainings among them",
        "[Appendix](appendix.md): the notebook of every run, as it was executed.",
    ),
    (
        r"\{\} in column \{\}|\d+ in column \d+",
        "in Figures 4 and 5 the numbers of training images are rows",
        "the networks trained on T1 saw 90 in column 500",
    ),
    (
        r"verdict is reached is on the \[title page\]",
        "it is on the page of claims",
        "how a verdict is reached is on the [title page](../index.md).",
    ),
    (
        r"far above the zero-filled image and above compressed sensing|far above compressed sensing",
        "the lead over the best variant of CS is little more than 1 dB, and less over a tuned one",
        "all far above the zero-filled image and above compressed sensing.",
    ),
    (
        r"1710\.02615(?!v1|, version 1)",
        "every number of the paper's is of version 1; the article of 2020 is another text",
        "Dar and Çukur (arXiv 1710.02615; Magn Reson Med 84:663, 2020)",
    ),
    (
        r"all went through notebooks|[Ee]ach run of the experiment is one notebook",
        "the runs of open, and the largest trainings of desk, have none",
        "Each run of the experiment is one notebook, executed by papermill.",
    ),
    (
        r"\$\{choice\.n_train\} images, \$\{tuned\}|trained on T[12], 4000 images",
        "the networks of one contrast saw fewer slices than was asked for",
        "Before: network trained on T1, 4000 images, tuned with 20.",
    ),
    (
        r"of the slices kept for figures it is the one",
        "the median of a few kept slices is far from the median of all test slices",
        "of the slices kept for figures it is the one whose zero-filled image has the median PSNR",
    ),
    (
        r"\bbrain only\b|only the brain counts|within the brain\b",
        "the pixels that are counted alone are those of the head, by a simple rule",
        "and 9 where only the brain counts.",
    ),
    (
        r"[Ee]very method looks better (on|than)",
        "that magnitude images flatter methods was shown for some of them",
        "so every method looks better than on raw data.",
    ),
    (
        r"every run behind this book",
        "the headline's runs are of open, and desk runs the grid at a small scale",
        "the profile desk: every run behind this book",
    ),
)


RIDDLES = (
    # Sentences that nobody takes in at one reading: each stands for its like.
    r"knows? (nothing of|only) the chance",
    r"[Ii]n place of \d+ (MR )?slices, of which there are fewer",
    r"whether it beats that one too, its title says",
    r"[Aa]ll that is drawn",
    r"Nobody picked (this|the) slice by eye",
    r"what is not changed is not run again",
    r"whose times these are not",
    r"[Ww]hat is trusted here was tried",
    r"easier or harder for every method: look at",
    r"put it in numbers",
    r"Read it down\.",
    r"turn over by hand",
    r"look over the experiment's shoulder",
    r"was drawn anew|is drawn anew",
    r"healthy adults' brains, defaced",
)


def texts():
    """Every text that a reader may see, by the file that holds it, with single spaces."""
    for path in sorted([*ROOT.glob("book/**/*.md"), ROOT / "README.md", *ROOT.glob("notebooks/params/*.yaml")]):
        if "_build" not in path.parts:
            yield path, _joined(path.read_text(encoding="utf-8").replace("# ", ""))
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path, _joined(" ".join("".join(cell["source"]) for cell in cells))
    for path in sorted(ROOT.glob("recon_lib/**/*.py")):
        yield path, _joined("\n".join(_strings(path)))
    for path in sorted(ROOT.glob("recon_lib/explorer/explorer.*")):
        yield path, _joined(path.read_text(encoding="utf-8"))


def _joined(text):
    return re.sub(r"\s+", " ", text)


def _strings(path):
    """The texts of a module, those with values in them as one text each."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


TEXTS = dict(texts())


@pytest.mark.parametrize(("pattern", "why", "example"), FALSE)
def test_no_false_sentence_returns(pattern, why, example):
    assert re.search(pattern, _joined(example)), "a pattern finds the sentence it stands for"
    places = [str(path.relative_to(ROOT)) for path, text in TEXTS.items() if re.search(pattern, text)]
    assert not places, f"{places}: {why}"


@pytest.mark.parametrize("pattern", RIDDLES)
def test_no_riddle_returns(pattern):
    assert [str(path.relative_to(ROOT)) for path, text in TEXTS.items() if re.search(pattern, text)] == []


RIVAL = re.compile(r"(above|beats?|better than|lead over) (the best )?(compressed sensing|CS)\b")
SAYS_WHICH = ("compressed_sensing", "which-cs", "sensing.render_leads", "networks-beat-cs")


def test_a_page_that_compares_with_compressed_sensing_says_with_which():
    pages = {path: text for path, text in TEXTS.items() if path.suffix == ".md" and RIVAL.search(text)}
    assert len(pages) >= 2
    assert [str(path) for path, text in pages.items() if not any(words in text for words in SAYS_WHICH)] == []


def test_pages_profiles_and_library_are_searched():
    names = {str(path.relative_to(ROOT)) for path in TEXTS}
    assert {"book/index.md", "book/method/problem.md", "README.md", "notebooks/params/desk.yaml"} <= names
    assert {"notebooks/train.ipynb", "recon_lib/paper/claims.py", "recon_lib/paper/cost/run_time.py"} <= names
    assert {"recon_lib/explorer/explorer.js", "recon_lib/explorer/explorer.html"} <= names


def test_a_sentence_is_found_across_lines_and_around_values(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('A = (\n    "takes far "\n    f"longer by {1 + 1} times"\n)\n', encoding="utf-8")
    assert list(_strings(module)) == ["takes far longer by {} times"]
    assert _joined("takes far\nlonger") == "takes far longer"
