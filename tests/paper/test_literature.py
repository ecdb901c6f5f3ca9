"""The references of the discussion: each with its year, an address and one finding."""

from recon_lib.paper import literature


def test_findings_are_listed_by_year_each_with_its_address():
    lines = literature.render_findings().markdown.splitlines()
    years = [finding.year for finding in literature.FINDINGS]
    assert len(lines) == len(years) == 5
    for line, finding in zip(lines, sorted(literature.FINDINGS, key=lambda finding: finding.year), strict=True):
        assert line.startswith(f"- {finding.authors} ({finding.year}, [{finding.source}]({finding.url})). ")
        assert line.endswith(finding.sentence)
    assert [int(line.split(" (")[1][:4]) for line in lines] == sorted(years)


def test_the_list_is_sorted_whatever_the_order_of_the_findings(monkeypatch):
    expected = literature.render_findings().markdown.splitlines()[-1]
    monkeypatch.setattr(literature, "FINDINGS", literature.FINDINGS[::-1])
    assert literature.render_findings().markdown.splitlines()[-1] == expected


def test_each_finding_is_a_whole_sentence_and_each_address_is_secure():
    for finding in literature.FINDINGS:
        assert finding.sentence[0].isupper()
        assert finding.sentence.endswith(".")
        assert finding.url.startswith("https://")
