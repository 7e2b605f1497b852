"""XML of PubMed and PubMed Central as documents, and XML that must not be read."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from osler.knowledge.document import Document
from osler.knowledge.ingest.folder import read
from osler.knowledge.ingest.origin import Note


def documents(folder: Path, markup: str, name: str = "set.xml") -> tuple[list[Document], list[Note]]:
    path = folder / name
    path.write_bytes(gzip.compress(markup.encode()) if name.endswith(".gz") else markup.encode())
    held = list(read([path]))
    return [item for item in held if isinstance(item, Document)], [item for item in held if isinstance(item, Note)]


DOCTYPE = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/pubmed.dtd">'
ARTICLE = """<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article><Journal><JournalIssue><PubDate>
<Year>2024</Year><Month>Mar</Month><Day>5</Day></PubDate></JournalIssue><Title>J Made-up Med</Title></Journal>
<ArticleTitle>Zelvarine in <i>adults</i>.</ArticleTitle><Abstract>
<AbstractText Label="BACKGROUND">Zelvarine is new.</AbstractText>
<AbstractText Label="METHODS">We gave 40 mg of it (n&lt;50).</AbstractText>
<AbstractText>No label here.</AbstractText>
<CopyrightInformation>© 2024 The Authors.</CopyrightInformation></Abstract><Language>eng</Language>
<PublicationTypeList><PublicationType>Journal Article</PublicationType></PublicationTypeList></Article>
<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J M. 2025</RefSource><PMID>99</PMID>
</CommentsCorrections><CommentsCorrections RefType="Cites"><RefSource>X</RefSource></CommentsCorrections>
</CommentsCorrectionsList><MeshHeadingList><MeshHeading><DescriptorName>Adult</DescriptorName></MeshHeading>
</MeshHeadingList></MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="doi">10.1/z</ArticleId></ArticleIdList>
</PubmedData></PubmedArticle>"""
BOOK = """<PubmedBookArticle><BookDocument><PMID>77</PMID><Book><BookTitle>Drugs</BookTitle><PubDate><Year>2020</Year></PubDate>
</Book><ArticleTitle>Zelvarine</ArticleTitle><Language>eng</Language><Abstract><AbstractText>A chapter.</AbstractText>
</Abstract></BookDocument></PubmedBookArticle>"""
BARE = "<PubmedArticle><MedlineCitation><PMID>5</PMID><Article><ArticleTitle>Title alone.</ArticleTitle></Article></MedlineCitation></PubmedArticle>"


@pytest.mark.parametrize("name", ["set.xml", "set.xml.gz"])
def test_pubmed(tmp_path: Path, name: str) -> None:
    inside = ARTICLE.format(pmid=12) + BOOK + BARE + "<DeleteCitation><PMID>1</PMID><PMID>2</PMID></DeleteCitation>"
    found, notes = documents(
        tmp_path, f"<?xml version='1.0'?>{DOCTYPE}<PubmedArticleSet>{inside}</PubmedArticleSet>", name
    )
    first, book, bare = found
    assert first.text == (
        "Zelvarine in adults.\n\nBackground\nZelvarine is new.\n\nMethods\nWe gave 40 mg of it (n<50).\nNo label here."
    )
    assert [(m.label, first.text[m.start : m.end].strip().splitlines()[-1]) for m in first.marks] == [
        ("Background", "Zelvarine is new."),
        ("Methods", "We gave 40 mg of it (n<50)."),
    ]
    assert (first.id, first.language, first.source) == ("pmid:12", "en", "https://pubmed.ncbi.nlm.nih.gov/12/")
    assert first.licence == "© 2024 The Authors."
    assert first.meta == {
        "pmid": "12", "abstract": True, "doi": "10.1/z", "journal": "J Made-up Med", "date": "2024-03-05",
        "types": ["Journal Article"], "mesh": ["Adult"], "retracted": True,
        "corrections": [{"type": "RetractionIn", "pmid": "99", "source": "J M. 2025"}],
    }  # fmt: skip
    assert (book.id, book.text, book.meta["book"], book.meta["date"]) == (
        "pmid:77", "Zelvarine\nA chapter.", "Drugs", "2020"
    )  # fmt: skip
    assert bare.text == "Title alone."
    assert [note.text for note in notes] == [
        "says that 2 records left PubMed",
        "1 record without an abstract: the text is the title alone",
    ]


JATS = """<?xml version="1.0"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xml:lang="en" article-type="research-article"><front><journal-meta>
<journal-title-group><journal-title>J Made-up Med</journal-title></journal-title-group></journal-meta><article-meta>
<article-id pub-id-type="pmc">123</article-id><article-id pub-id-type="pmid">9</article-id>
<article-id pub-id-type="doi">10.1/z</article-id><title-group><article-title>Zelvarine<xref ref-type="fn">*</xref> works</article-title>
</title-group><pub-date><year>2024</year><month>3</month></pub-date><permissions><license xlink:href="https://creativecommons.org/licenses/by/4.0/">
<license-p>Open access.</license-p></license></permissions><abstract><p>Short &nbsp;summary.</p></abstract></article-meta></front>
<body><sec><label>1.</label><title>Methods</title><p>We gave 40&#160;mg <xref ref-type="bibr">[1]</xref>.<fig><label>Fig 1</label>
<caption><p>A chart.</p></caption></fig></p><sec><title>Patients</title><list><list-item><p>adults</p></list-item></list>
<table-wrap><label>Table 1</label><caption><p>Doses</p></caption><table><tr><th>Age</th><th>Dose</th></tr><tr><td>12</td><td>20 mg</td></tr></table></table-wrap></sec></sec>
<sec><title>Results</title><disp-formula><tex-math>\\\\alpha</tex-math><math>a = b</math></disp-formula></sec></body>
<back><ref-list><title>References</title><ref><mixed-citation>Smith J. SECRET.</mixed-citation></ref></ref-list></back></article>"""


def test_full_text_of_pubmed_central(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, JATS)
    held = found[0]
    assert not notes
    assert (held.id, held.title, held.licence, held.source) == (
        "PMC123",
        "Zelvarine works",
        "CC BY 4.0",
        "https://doi.org/10.1/z",
    )
    assert held.meta == {
        "pmcid": "PMC123", "pmid": "9", "doi": "10.1/z", "journal": "J Made-up Med", "date": "2024-03", "type": "research-article"
    }  # fmt: skip
    assert held.text == (
        "Zelvarine works\n\nAbstract\n\nShort summary.\n\n1. Methods\n\nWe gave 40 mg [1].\n\nFig 1 A chart.\n\n"
        "Patients\n- adults\n\nTable 1 Doses\nAge | Dose\n12 | 20 mg\n\nResults\n\na = b"
    )
    labels = ["Abstract", "1. Methods", "1. Methods > Patients", "Results"]
    assert [mark.label for mark in held.marks] == labels
    for mark in held.marks:
        assert held.text[mark.start :].startswith(mark.label.rpartition(" > ")[2])


BOMB = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
DANGEROUS = [
    f'<!DOCTYPE article [<!ENTITY a0 "ha">{BOMB}]><article><body><p>&a9;</p></body></article>',
    '<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/hostname">]><article><body><p>&x;</p></body></article>',
    '<!DOCTYPE article [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><article><body><p>t</p></body></article>',
    "<article>" + "<sec>" * 5000 + "<p>deep</p>" + "</sec>" * 5000 + "</article>",
]


@pytest.mark.parametrize("markup", DANGEROUS, ids=["laughs", "file", "parameter", "deep"])
@pytest.mark.parametrize("name", ["set.xml", "set.nxml"])
def test_dangerous_xml_is_refused(tmp_path: Path, markup: str, name: str) -> None:
    tracemalloc.start()
    found, notes = documents(tmp_path, markup, name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not found
    assert [note.failed for note in notes] == [True]
    assert peak < 30_000_000


def test_an_entity_that_html_knows_is_a_character_and_others_are_shown(tmp_path: Path) -> None:
    found, _ = documents(
        tmp_path, '<!DOCTYPE article SYSTEM "x.dtd"><article><body><p>a &mu;g &odd;.</p></body></article>'
    )
    assert found[0].text == "a μg &odd;."
    assert found[0].id == "set"


def test_broken_xml_keeps_the_records_before_the_break(tmp_path: Path) -> None:
    whole = f"<PubmedArticleSet>{ARTICLE.format(pmid=1)}{ARTICLE.format(pmid=2)}"
    found, notes = documents(tmp_path, whole[: -len("</PubmedArticle>")])
    assert [item.id for item in found] == ["pmid:1"]
    assert notes[-1].failed
    assert notes[-1].text.startswith("is broken XML at line ")


def test_other_xml_is_named(tmp_path: Path) -> None:
    _, notes = documents(tmp_path, "<feed><entry/></feed>")
    assert notes[0].text == "is XML of another kind (its root is <feed>)"


def test_a_large_set_takes_the_memory_of_a_record(tmp_path: Path) -> None:
    body = "".join(ARTICLE.format(pmid=i).replace("Zelvarine is new.", "word " * 12_000) for i in range(1, 301))
    path = tmp_path / "large.xml.gz"
    path.write_bytes(gzip.compress(f"<PubmedArticleSet>{body}</PubmedArticleSet>".encode(), 1))
    tracemalloc.start()
    count = sum(isinstance(item, Document) for item in read([path]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 300
    assert peak < 10_000_000  # the set is 18 MB
