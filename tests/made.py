"""Files made for tests: a web page, a Word document, a PDF, and exports of news databases."""

import io

PARAGRAPHS = [f"Sentence {number} of the article speaks of the race in AI." for number in range(6)]
PAGE = (
    "<html><head><title>The race &amp; the gap</title>"
    "<meta property='article:published_time' content='2024-07-12T10:00:00Z'></head><body>"
    "<nav><a href='/'>Home</a></nav><article><h1>The race</h1>"
    + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    + "</article><script>alert(1)</script><footer>All rights reserved</footer></body></html>"
)


def pdf_of(*pages: list[str]) -> bytes:
    """A PDF with these lines of ASCII on its pages."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for lines in pages:
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
        kids.append(f"{len(objects) + 1} 0 R")
        font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R"
            f" /Resources << /Font << /F1 {font} >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (size, table, size, len(body))
    )


def docx_of(*paragraphs: str) -> bytes:
    """A Word document of these paragraphs with a table of one row after them."""
    import docx

    document, file = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    for cell, text in zip(document.add_table(1, 2).rows[0].cells, ("left", "right"), strict=True):
        cell.text = text
    document.save(file)
    return file.getvalue()


NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:made:other" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def docx_of_xml(body: str) -> bytes:
    """A Word document with this XML in its body."""
    import docx
    from docx.oxml import parse_xml

    document, file = docx.Document(), io.BytesIO()
    old = document.element.body
    for child in list(old):
        old.remove(child)
    old.extend(list(parse_xml(f"<w:body {NAMESPACES}>{body}</w:body>")))
    document.save(file)
    return file.getvalue()


BODY = ["The race between the two nations goes on.", "The gap is closing, some say."]
NEXIS = f"""

                               1 of 2 DOCUMENTS


                              The Morning Herald

                            July 12, 2024 Friday
                              Late Edition - Final

A race that
nobody wins

BYLINE: By JANE ROE

SECTION: Section A; Pg. 1

LENGTH: 13 words

{BODY[0][:20].strip()}
{BODY[0][20:].strip()}

{BODY[1]}

LOAD-DATE: July 13, 2024

LANGUAGE: ENGLISH

PUBLICATION-TYPE: Newspaper


                  Copyright 2024 The Morning Herald
                              All Rights Reserved

                               2 of 2 DOCUMENTS

                              The Evening Post

                                  July 2024

Second title

LENGTH: 400 words

NOTE: this stays in the body.

                    Copyright 2024 The Evening Post
"""
UNI_ARTICLE = """
A race that nobody wins
The Morning Herald
July 12, 2024 Friday 10:15 AM GMT


Copyright 2024 The Morning Herald All Rights Reserved


Section:\u00a0A; Pg. A01
Length:\u00a013 words
Byline:\u00a0Jane Roe
Body


{body}


Classification

Language: ENGLISH

Load-Date: July 13, 2024


End of Document

"""
UNI = "Documents (1)\n1. A race that nobody wins\nSearch Terms: race\n\n" + UNI_ARTICLE.format(
    body="\n\n".join(BODY)
)
FACTIVA = f"""A race that nobody wins

By Jane Roe
13 words
12 July 2024
10:15
Morning Herald
MHRLD
Page 1
English
Copyright 2024 The Morning Herald Ltd. All rights reserved

{BODY[0]}

{BODY[1]}

Document MHRLD00020240712ek7c0001x

"""
FIELDS = {
    "SE": "News", "HD": "A race that nobody wins", "BY": "Jane Roe", "WC": "13 words", "PD": "12 July 2024",
    "SN": "Morning Herald", "LA": "English", "CY": "Copyright 2024", "LP": BODY[0], "TD": BODY[1], "NS": "gcat : News",
    "AN": "Document MHRLD00020240712ek7c0001x",
}  # fmt: skip
FACTIVA_TABLE = "\n".join(f"{code}|{value}|" for code, value in FIELDS.items())
FACTIVA_LINES = "\n\n".join(f"{code}\n{value}" for code, value in FIELDS.items())
FACTIVA_HTML = (
    '<html><head><title>Factiva</title></head><body><h1>Factiva</h1><div class="article enArticle"><table>'
    + "".join(
        f"<tr><td><b>{code}</b>&nbsp;</td><td><p>{value}</p></td></tr>"
        for code, value in FIELDS.items()
    )
    + "</table></div><div>© 2024 Factiva</div></body></html>"
)
