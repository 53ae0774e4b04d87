"""A mesh in any of its formats."""

from __future__ import annotations

from netdoctor.model.mesh_report import MeshReport
from netdoctor.report import Format, Style, encode
from netdoctor.report.mesh_format import MeshFormat
from netdoctor.report.mesh_html import mesh_html
from netdoctor.report.mesh_markdown import mesh_markdown
from netdoctor.report.mesh_table import mesh_table


def render_mesh(report: MeshReport, output: MeshFormat, style: Style) -> str:
    """The whole output."""
    match output:
        case MeshFormat.JSON | MeshFormat.YAML:
            return encode(report, Format(output.value))
        case MeshFormat.MARKDOWN:
            return style.marked_up(mesh_markdown(report))
        case MeshFormat.HTML:
            return style.marked_up(mesh_html(report))
    return mesh_table(report, style, wide=output is MeshFormat.WIDE)
