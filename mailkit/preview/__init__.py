"""Templates to look at in the browser, with their sample data, reloading as files change."""

from mailkit.preview.preview import LocatedFinding, Preview
from mailkit.preview.previews import Listed, Previews
from mailkit.preview.problem import Problem
from mailkit.preview.site import PreviewSite
from mailkit.preview.watch import Watcher

__all__ = ["Listed", "LocatedFinding", "Preview", "PreviewSite", "Previews", "Problem", "Watcher"]
