# How Hypothesis searches: without a time limit for one example, as tests here are never timed, and in continuous
# integration the same examples every time, so that a change is judged by what it does. Elsewhere each run searches on.

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("project")
