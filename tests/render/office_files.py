"""Small office documents, written by hand. Used by the tests of LibreOffice and by the golden pages."""

import io
import zipfile

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="{0}"/></Relationships>'
)
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{0}</Types>'
)
_OOXML = "application/vnd.openxmlformats-officedocument."


def archive(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, text in members.items():
            out.writestr(name, text)
    return file.getvalue()


def docx(body: str) -> bytes:
    kind = f'<Override PartName="/word/document.xml" ContentType="{_OOXML}wordprocessingml.document.main+xml"/>'
    document = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>'
        f"{body}</w:body></w:document>"
    )
    return archive(
        {
            "[Content_Types].xml": _TYPES.format(kind),
            "_rels/.rels": _RELATIONS.format("word/document.xml"),
            "word/document.xml": document,
        }
    )


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(columns: int) -> bytes:
    cells = "".join(
        f'<c r="{chr(65 + number)}1" t="inlineStr"><is><t>column {number}</t></is></c>' for number in range(columns)
    )
    kinds = (
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OOXML}spreadsheetml.sheet.main+xml"/>'
        f'<Override PartName="/xl/sheet.xml" ContentType="{_OOXML}spreadsheetml.worksheet+xml"/>'
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = _RELATIONS.format("sheet.xml").replace('/officeDocument"', '/worksheet"')
    workbook = (
        f'<workbook xmlns="{main}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="one" sheetId="1" r:id="r"/></sheets></workbook>'
    )
    return archive(
        {
            "[Content_Types].xml": _TYPES.format(kinds),
            "_rels/.rels": _RELATIONS.format("xl/workbook.xml"),
            "xl/workbook.xml": workbook,
            "xl/_rels/workbook.xml.rels": relations,
            "xl/sheet.xml": f'<worksheet xmlns="{main}"><sheetData><row r="1">{cells}</row></sheetData></worksheet>',
        }
    )
