"""A form in the notebook to code a sheet in, unit by unit, blinded as the sheet is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from analysis.coding.sampling import check_coders
from analysis.coding.sheets import ANSWERS, NOTE, read_sheet, sheet_csv
from analysis.corpus import locate
from analysis.errors import InputError, shown
from analysis.files import write_whole
from analysis.report.pages import escaped
from analysis.rules.codebook import Codebook

_IN_A_BROWSER = ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG")
_GREY = "color: var(--jp-ui-font-color2, #666); line-height: 1.3"
_SMALL = "font-size: 85%; line-height: 1.2; padding-top: 3px"
_HOW = (
    "To code here: open this notebook in JupyterLab, set codings to the folder that `workbook sample` "
    "wrote and coder to your name, and run this cell."
)
_NO_WIDGETS = "A form needs ipywidgets (the extra `form`); the sheets can be coded without."


@dataclass(frozen=True)
class _Sheet:
    """A coder's sheet on the disk: read again before, and written whole after, every answer, so that
    nothing is lost when the notebook is closed or the file was changed meanwhile."""

    file: Path
    frames: tuple[str, ...]

    def rows(self) -> list[dict[str, str]]:
        """The rows that are in the file now."""
        return [row for _, row in read_sheet(self.file)]

    def is_coded(self, row: Mapping[str, str]) -> bool:
        """Whether a row has an answer for every frame."""
        return all(_answer(row, name) is not None for name in self.frames)

    def first_open(self) -> int:
        """The number of the first unit that is not coded; the last one where all are."""
        rows = self.rows()
        return next((n for n, row in enumerate(rows) if not self.is_coded(row)), len(rows) - 1)

    def answer(self, unit_id: str, frames: Mapping[str, bool], note: str = "") -> None:
        """Write the codes and the note of one unit into the sheet.

        Raises InputError where the sheet does not hold the unit (any more).
        """
        rows = pd.DataFrame(self.rows(), dtype=object).fillna("")
        mine = rows["unit_id"] == unit_id
        if not mine.any():
            raise InputError("unit is not in the sheet", where=self.file.name, value=unit_id)
        for name in self.frames:
            rows.loc[mine, name] = str(int(frames[name]))
        rows.loc[mine, NOTE] = note
        write_whole(self.file, sheet_csv(rows.fillna("")))


def _answer(row: Mapping[str, str], frame: str) -> bool | None:
    """The code of a frame in a row, None where there is none."""
    return ANSWERS.get(row.get(frame, "").strip().casefold())


def _open_sheet(folder: str, coder: str, codebook: Codebook) -> _Sheet:
    """The sheet of a coder in a folder of codings.

    Raises InputError where it is not there, holds no unit, or lacks a frame of the codebook.
    """
    check_coders([coder])
    file = Path(locate(folder)) / f"{coder}.csv"
    if not file.is_file():
        raise InputError("sheet of a coder is not there", where="coder", value=file.name)
    rows = read_sheet(file)
    if not rows:
        raise InputError("holds no unit to code", where=file.name)
    for name in codebook.frames:
        if name not in rows[0][1]:
            raise InputError("sheet has no column of the frame", where=file.name, value=name)
    return _Sheet(file, tuple(codebook.frames))


def coding_form(codings: str, coder: str, codebook: Codebook):
    """A form to code a coder's sheet in, begun where the coder stopped; or a line that says how to
    get it, where no coder is named, no person is there to see it, or ipywidgets is not installed.
    """
    if not coder or not any(name in os.environ for name in _IN_A_BROWSER):
        return _Line(_HOW)
    if not codings:
        raise InputError("no folder of coding sheets is named", where="codings")
    sheet = _open_sheet(codings, coder, codebook)
    try:
        import ipywidgets
    except ImportError:
        return _Line(_NO_WIDGETS)
    return _Form(sheet, codebook, ipywidgets).box


class _Line(str):
    """A line of plain text as the result of a cell."""

    __repr__ = str.__str__


class _Form:
    """The widgets of a form, and what they do: `box` is what is shown."""

    def __init__(self, sheet: _Sheet, codebook: Codebook, widgets):
        self.sheet, self.rows, self.place = sheet, sheet.rows(), sheet.first_open()
        self.unit, self.status = widgets.HTML(), widgets.HTML()
        self.note = widgets.Text(placeholder="a note, if any", layout=widgets.Layout(width="40em"))
        self.back = widgets.Button(description="Back")
        self.save = widgets.Button(description="Save, next", button_style="primary")
        self.back.on_click(lambda _: self.move(-1))
        self.save.on_click(lambda _: self.keep())
        narrow = widgets.Layout(width="14em", flex="0 0 auto")
        checkbox = partial(widgets.Checkbox, indent=False, layout=narrow)
        self.boxes, lines = {}, []
        for name, rules in codebook.frames.items():
            self.boxes[name] = checkbox(description=name, tooltip=rules.about)
            about = widgets.HTML(f"<div style='{_SMALL}'>{escaped(rules.about)}</div>")
            lines.append(widgets.HBox([self.boxes[name], about]))
        buttons = widgets.HBox([self.back, self.save, self.status])
        self.box = widgets.VBox([self.unit, *lines, self.note, buttons])
        self.move(0)

    def move(self, step: int) -> None:
        """Show the unit so many places further, within the sheet, with the answers that it has."""
        self.place = min(max(self.place + step, 0), len(self.rows) - 1)
        row = self.rows[self.place]
        before, text, after = (escaped(row.get(name, "")) for name in ("before", "text", "after"))
        self.unit.value = (
            f"<div style='{_GREY}'>{before}</div><div style='font-size: 115%'><b>{text}</b></div>"
            f"<div style='{_GREY}'>{after}</div>"
        )
        for name, box in self.boxes.items():
            box.value = bool(_answer(row, name))
        self.note.value = row.get(NOTE, "")
        self.back.disabled = self.place == 0
        state = "coded" if self.sheet.is_coded(row) else "not coded yet"
        done = sum(map(self.sheet.is_coded, self.rows))
        self.status.value = escaped(
            f"unit {self.place + 1} of {len(self.rows)} ({state}); {done} coded in {self.sheet.file.name}"
        )

    def keep(self) -> None:
        """Write the answers into the sheet and go on; say what went wrong and stay, if anything."""
        answers = {name: bool(box.value) for name, box in self.boxes.items()}
        try:
            self.sheet.answer(self.rows[self.place]["unit_id"], answers, self.note.value)
            self.rows = self.sheet.rows()
        except (InputError, OSError) as error:
            self.status.value = f"<b>not saved: {escaped(shown(str(error), quote=False))}</b>"
            return
        self.move(1)
